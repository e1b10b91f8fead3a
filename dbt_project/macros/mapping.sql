{#- A cell of a mapping file: trimmed, empty = null. -#}
{% macro cell(column) %}nullif(trim({{ column }}), ''){% endmacro %}

{#- Line of a CSV file (the header is line 1) that a seed's row came from, for messages to accountants. -#}
{% macro seed_line_number() %}{{ return(adapter.dispatch('seed_line_number')()) }}{% endmacro %}
{% macro duckdb__seed_line_number() %}rowid + 2{% endmacro %}
{% macro default__seed_line_number() %}cast(null as integer){% endmacro %}
