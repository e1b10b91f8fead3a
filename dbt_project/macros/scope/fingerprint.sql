{#-
    What these expressions come to, in short: equal for equal values, null and empty told apart. An expression may be
    a whole row.
-#}
{% macro fingerprint(expressions) -%}
    {{ return(adapter.dispatch('fingerprint')(expressions)) }}
{%- endmacro %}

{% macro fingerprint_type() -%}
    {{ return(adapter.dispatch('fingerprint_type')()) }}
{%- endmacro %}

{#- Integer that holds a sum of many fingerprints. -#}
{% macro wide_integer_type() -%}
    {{ return(adapter.dispatch('wide_integer_type')()) }}
{%- endmacro %}
