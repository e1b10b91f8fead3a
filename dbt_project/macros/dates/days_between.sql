{#- Whole days from one date to a later one; negative when it is earlier, null when one is null. -#}
{% macro days_between(from_date, to_date) -%}
    {{ return(adapter.dispatch('days_between')(from_date, to_date)) }}
{%- endmacro %}
