{#-
    Rule X4: the sentence that a record's memo text gets when the record is posted under a later day than its own.

    is_moved    boolean expression; false or null gives an empty text
    day         date expression: the record's own day
-#}
{% macro original_date_text(is_moved, day) -%}
    case when {{ is_moved }} then ' Original transaction date: ' || cast({{ day }} as {{ text() }}) else '' end
{%- endmacro %}
