{#- One row per element of the JSON array at a path of a JSON column, as JSON in column `element`. -#}
{% macro json_elements(relation, json_column, path, element) -%}
    {{ return(adapter.dispatch('json_elements')(relation, json_column, path, element)) }}
{%- endmacro %}

{% macro duckdb__json_elements(relation, json_column, path, element) -%}
    select unnest(json_extract({{ json_column }}, '{{ path }}')) as {{ element }} from {{ relation }}
{%- endmacro %}
