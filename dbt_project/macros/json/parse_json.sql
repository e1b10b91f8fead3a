{#-
    A JSON text as an object whose fields macro `field` reads. Keys that are absent, and values of another type, become
    null.

    column       JSON text
    structure    JSON structure of the object, with DuckDB's names of types
-#}
{% macro parse_json(column, structure) -%}
    {{ return(adapter.dispatch('parse_json')(column, structure)) }}
{%- endmacro %}
