{#- Rule O1: the closed list. Rule O3: the first in this order wins. -#}
{%- set reasons = [
    ('skipped', [
        'skipped_by_hand', 'integration_blocked_by_metadata', 'credit_note_void', 'invoice_void', 'before_go_live',
        'kept_in_customer_balance', 'balance_use_reversed', 'debit_balance_collected',
    ]),
    ('waiting', ['invoice_open', 'invoice_uncollectible', 'remaining_charge_missing', 'refund_pending']),
    ('blocked', [
        'invoice_before_go_live', 'invoice_customer_changed', 'currency_mismatch', 'parts_do_not_add_up',
        'lines_do_not_add_up', 'exceeds_invoice_total', 'invoice_remaining_too_low', 'tax_rate_unmapped',
        'item_unmapped', 'account_unmapped', 'refund_failed', 'period_closed', 'currency_precision',
        'external_id_collision', 'balance_ledger_incomplete', 'balance_from_payment', 'netsuite_rejected',
        'netsuite_differs',
    ]),
    ('waiting', ['customer_not_in_netsuite', 'invoice_not_in_netsuite', 'currency_not_in_netsuite']),
    ('ready', ['ready']),
    ('posted', ['created', 'adopted']),
] -%}
{{ config(materialized='replaced_table') }}
{%- set rank = namespace(value=0) %}

{%- for state, names in reasons %}
{%- for name in names %}
{% if rank.value > 0 %}union all {% endif -%}
select {{ rank.value + 1 }} as reason_rank, '{{ state }}' as state, '{{ name }}' as reason
{%- set rank.value = rank.value + 1 %}
{%- endfor %}
{%- endfor %}
