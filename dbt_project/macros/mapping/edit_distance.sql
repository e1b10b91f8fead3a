{#- How many letters have to be added, taken out, replaced or swapped to make one text of the other. -#}
{% macro edit_distance(text, other) %}{{ return(adapter.dispatch('edit_distance')(text, other)) }}{% endmacro %}

{% macro duckdb__edit_distance(text, other) %}damerau_levenshtein({{ text }}, {{ other }}){% endmacro %}
