{#- The type of a text of any length. -#}
{% macro text() %}{{ return(adapter.dispatch('text')()) }}{% endmacro %}
