{#- One row per element of the JSON array at a path of a JSON column, as JSON in column `element`. -#}
{% macro json_elements(relation, json_column, path, element) -%}
    {{ return(adapter.dispatch('json_elements')(relation, json_column, path, element)) }}
{%- endmacro %}
