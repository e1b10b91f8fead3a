{#- Whole days from one date to a later one; negative when it is earlier, null when one is null. -#}
{% macro days_between(from_date, to_date) -%}
    {{ of_engine('days_between') }}
    {{ return(adapter.dispatch('days_between')(from_date, to_date)) }}
{%- endmacro %}
