{#- The calendar day of a UTC timestamp in var accounting_timezone (rules C3, L2, G1, X4); null stays null. -#}
{% macro accounting_date(timestamp_utc) -%}
    {{ return(adapter.dispatch('accounting_date')(timestamp_utc)) }}
{%- endmacro %}
