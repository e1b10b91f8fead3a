{#- The value of a cell of a mapping file: trimmed; an empty cell is null. -#}
{% macro cell(column) %}nullif(trim({{ column }}), ''){% endmacro %}
