{#- The text at a JSON path, null when the path is absent. The path is an SQL expression: a literal or a column. -#}
{% macro json_text(json_column, path) -%}
    {{ return(adapter.dispatch('json_text')(json_column, path)) }}
{%- endmacro %}
