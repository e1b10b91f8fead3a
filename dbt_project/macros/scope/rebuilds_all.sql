{#-
    True on an engine that cannot delete rows of a table: each build derives everything anew there, and notes nothing
    for the next one. --full-refresh changes nothing then.
-#}
{% macro rebuilds_all() -%}
    {{ return(adapter.dispatch('rebuilds_all')()) }}
{%- endmacro %}
