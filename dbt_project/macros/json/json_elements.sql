{#- One row per element of the JSON array at a path of a JSON column, as JSON in column `element`. -#}
{% macro json_elements(relation, json_column, path, element) -%}
    {{ of_engine('json_elements') }}
    {{ return(adapter.dispatch('json_elements')(relation, json_column, path, element)) }}
{%- endmacro %}
