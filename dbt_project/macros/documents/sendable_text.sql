{#-
    A text as it is sent to NetSuite: without control characters, but with newlines and tabs (rule X6).

    column    SQL expression of a text
-#}
{% macro sendable_text(column) -%}
    {{ return(adapter.dispatch('sendable_text')(column)) }}
{%- endmacro %}
