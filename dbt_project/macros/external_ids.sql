{#- The grammar of the external ids of our own; load_netsuite and extract have it in netsuite/external_ids.py. -#}

{#- Memo for a use of customer balance (B3). -#}
{% macro balance_use_id(invoice_id) -%}
    {{ invoice_id }} || '_balance'
{%- endmacro %}

{#- Journal entry for the refund of a credit note on an invoice from before go-live (G2). -#}
{% macro income_entry_id(refund_id, credit_note_id) -%}
    {{ refund_id }} || '_' || {{ credit_note_id }} || '_income'
{%- endmacro %}

{#- The Stripe id that an external id of a balance use is built on; null for every other id. -#}
{% macro external_id_base(external_id) -%}
    case when lower({{ external_id }}) like '%#_balance' escape '#' then substr({{ external_id }}, 1, length({{ external_id }}) - 8) end
{%- endmacro %}
