{#-
    One row per element of an array column.

    relation    relation with the array
    keep        columns to keep (list)
    array       the array
    element     name of the column that gets the element
    position    name of the column that gets the position of the element, from 1
-#}
{% macro unnest_rows(relation, keep, array, element, position) -%}
    {{ return(adapter.dispatch('unnest_rows')(relation, keep, array, element, position)) }}
{%- endmacro %}
