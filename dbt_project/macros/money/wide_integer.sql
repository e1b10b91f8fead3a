{#- An integer expression as a 128-bit integer, for the product of two amounts (rule S1). -#}
{% macro wide_integer(expression) -%}
    {{ return(adapter.dispatch('wide_integer')(expression)) }}
{%- endmacro %}
