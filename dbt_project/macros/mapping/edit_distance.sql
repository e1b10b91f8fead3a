{#-
    How many letters have to be added, taken out, replaced or swapped to make one text of the other.

    at_most    SQL expression: an engine may give any greater number for a distance that is greater
-#}
{% macro edit_distance(text, other, at_most) -%}
    {{ return(adapter.dispatch('edit_distance')(text, other, at_most)) }}
{%- endmacro %}
