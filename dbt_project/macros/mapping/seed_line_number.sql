{#-
    A number that grows with the line of the CSV file that a row of a seed comes from. A seed that is loaded again goes
    on counting, so only differences within one load mean something.
-#}
{% macro seed_line_number() -%}
    {{ return(adapter.dispatch('seed_line_number')()) }}
{%- endmacro %}
