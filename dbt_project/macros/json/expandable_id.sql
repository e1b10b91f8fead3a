{#- The id in an expandable field of Stripe: the text itself, or the `id` of the object in its place. -#}
{% macro expandable_id(json_column) %}{{ return(adapter.dispatch('expandable_id')(json_column)) }}{% endmacro %}

{% macro duckdb__expandable_id(json_column) -%}
    coalesce(json_extract_string({{ json_column }}, '$.id'), json_extract_string({{ json_column }}, '$'))
{%- endmacro %}
