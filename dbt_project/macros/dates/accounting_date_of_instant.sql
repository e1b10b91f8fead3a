{#- The calendar day of a timestamp with time zone in var accounting_timezone; null stays null. -#}
{% macro accounting_date_of_instant(instant) -%}
    {{ return(adapter.dispatch('accounting_date_of_instant')(instant)) }}
{%- endmacro %}
