{#-
    What these expressions come to, in short: equal for equal values, null and empty told apart. An expression may be
    a whole row.
-#}
{% macro fingerprint(expressions) %}{{ return(adapter.dispatch('fingerprint')(expressions)) }}{% endmacro %}
{% macro duckdb__fingerprint(expressions) %}hash({{ expressions | join(', ') }}){% endmacro %}

{% macro fingerprint_type() %}{{ return(adapter.dispatch('fingerprint_type')()) }}{% endmacro %}
{% macro duckdb__fingerprint_type() %}{{ return('ubigint') }}{% endmacro %}

{#- Integer that holds a sum of many fingerprints. -#}
{% macro wide_integer_type() %}{{ return(adapter.dispatch('wide_integer_type')()) }}{% endmacro %}
{% macro duckdb__wide_integer_type() %}{{ return('hugeint') }}{% endmacro %}
