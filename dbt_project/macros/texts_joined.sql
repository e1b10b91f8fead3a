{#-
    The texts of a group as one text.

    column       SQL expression of a text; nulls are left out
    separator    text between two of them
    order_by     SQL expression: their order
    Returns a text expression; null when there is no text.
-#}
{% macro texts_joined(column, separator, order_by) -%}
    {{ return(adapter.dispatch('texts_joined')(column, separator, order_by)) }}
{%- endmacro %}
