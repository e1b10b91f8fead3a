-- Rules O1, X1, L1: the key of each mart names one row, looked for among the documents of this build; without missing_item = create, items_to_create
-- has no row.
with

keys as (
{%- for mart, key, scope in [
    ('credit_outcomes', ['document_id'], 'document_id'),
    ('credit_memos', ['external_id'], 'document_id'),
    ('credit_memo_lines', ['external_id', 'line_number'], 'external_id'),
    ('credit_memo_tax_details', ['external_id', 'detail_number'], 'external_id'),
    ('credit_memo_applications', ['external_id', 'application_type', 'target_external_id'], 'external_id'),
    ('customer_refunds', ['external_id'], 'external_id'),
    ('zero_amount_invoices', ['external_id'], 'document_id'),
    ('zero_amount_invoice_lines', ['external_id', 'line_number'], 'external_id'),
    ('journal_entries', ['external_id'], 'document_id'),
    ('refund_reconciliation', ['stripe_refund_id', 'stripe_credit_note_id'], 'stripe_refund_id'),
    ('credit_balance_check', ['stripe_customer_id', 'currency'], 'stripe_customer_id'),
] %}
    select
        '{{ mart }}' as mart,
        {% for column in key %}{% if not loop.first %} || ' ' || {% endif %}coalesce(cast({{ column }} as varchar), '(none)'){% endfor %} as key_value
    from {{ rows_in_scope(mart, scope) }} as mart_rows
    {% if not loop.last %}union all{% endif %}
{%- endfor %}
{%- if var('missing_item') == 'create' %}
    union all
    select 'items_to_create', external_id from {{ ref('items_to_create') }}
{%- endif %}
)

select mart || ': ' || cast(count(*) as varchar) || ' rows have the key ' || key_value || '.' as message
from keys
group by mart, key_value
having count(*) > 1
