{#- The type of a text of any length. -#}
{% macro text() -%}
    {{ of_engine('text') }}
    {{ return(adapter.dispatch('text')()) }}
{%- endmacro %}
