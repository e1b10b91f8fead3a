{#- The first day of the month in which a date lies; null stays null. -#}
{% macro accounting_month(local_date) %}{{ return(adapter.dispatch('accounting_month')(local_date)) }}{% endmacro %}

{% macro duckdb__accounting_month(local_date) -%}
    cast(date_trunc('month', {{ local_date }}) as date)
{%- endmacro %}
