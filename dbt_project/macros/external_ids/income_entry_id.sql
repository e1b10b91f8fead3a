{#- External id of the journal entry for the refund of a credit note on an invoice from before go-live (rule G2). -#}
{% macro income_entry_id(refund_id, credit_note_id) -%}
    {{ refund_id }} || '_' || {{ credit_note_id }} || '_income'
{%- endmacro %}
