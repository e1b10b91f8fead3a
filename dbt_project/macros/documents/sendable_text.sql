{#-
    A text as it is sent to NetSuite: without control characters, but with newlines and tabs (rule X6).

    column    SQL expression of a text
-#}
{% macro sendable_text(column) %}{{ return(adapter.dispatch('sendable_text')(column)) }}{% endmacro %}

{% macro duckdb__sendable_text(column) -%}
    array_to_string(string_split_regex({{ column }}, '[\x{00}-\x{08}\x{0B}-\x{1F}\x{7F}-\x{9F}]'), '')
{%- endmacro %}
