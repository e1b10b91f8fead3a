{#- Document id and external id of the memo for a use of customer balance on an invoice (rule B3). -#}
{% macro balance_use_id(invoice_id) -%}
    {{ invoice_id }} || '_balance'
{%- endmacro %}
