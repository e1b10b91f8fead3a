{#- The type of a text of any length. -#}
{% macro text() -%}
    {%- if context.get(target.type ~ '__text') is none -%}{{ of_engine('text') }}{%- endif -%}
    {{ return(adapter.dispatch('text')()) }}
{%- endmacro %}
