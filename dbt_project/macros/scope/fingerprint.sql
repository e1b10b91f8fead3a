{#-
    What these expressions come to, in short: equal for equal values, null and empty told apart. An expression may be
    a whole row (macro whole_row).
-#}
{% macro fingerprint(expressions) -%}
    {{ return(adapter.dispatch('fingerprint')(expressions)) }}
{%- endmacro %}

{#- A row of a relation, by the name that the query gives the relation, as one value. -#}
{% macro whole_row(relation) -%}
    {{ return(adapter.dispatch('whole_row')(relation)) }}
{%- endmacro %}

{% macro fingerprint_type() -%}
    {{ return(adapter.dispatch('fingerprint_type')()) }}
{%- endmacro %}

{#- Integer that holds a sum of many fingerprints. -#}
{% macro wide_integer_type() -%}
    {{ return(adapter.dispatch('wide_integer_type')()) }}
{%- endmacro %}
