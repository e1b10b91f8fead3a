{#-
    A JSON text as a typed struct. Keys that are absent, and values of another type, become null.

    column       JSON text
    structure    DuckDB's JSON structure of the struct; line breaks and indentation are removed
-#}
{% macro parse_json(column, structure) %}{{ return(adapter.dispatch('parse_json')(column, structure)) }}{% endmacro %}

{% macro duckdb__parse_json(column, structure) -%}
    from_json({{ column }}, '{{ structure | replace("\n", "") | replace("  ", "") }}')
{%- endmacro %}
