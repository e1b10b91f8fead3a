{#-
    The ids in a text, each once, in order, separated by a comma and a blank; null where there is none. People separate
    ids by comma, semicolon, bar or blank (rule X1).

    column    SQL expression of a text
-#}
{% macro ids_in_text(column) -%}
    {{ return(adapter.dispatch('ids_in_text')(column)) }}
{%- endmacro %}
