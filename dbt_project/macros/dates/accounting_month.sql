{#- The first day of the month in which a date lies; null stays null. -#}
{% macro accounting_month(local_date) -%}
    {{ return(adapter.dispatch('accounting_month')(local_date)) }}
{%- endmacro %}
