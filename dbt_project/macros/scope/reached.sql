{#-
    Body of a recursive query: customers that share a name with one of `start`, directly or through others, and these.

    name     name of the recursive query itself
    start    relation with customer_key
    edges    relation with customer_key and name
-#}
{% macro reached(name, start, edges) -%}
    {{ return(adapter.dispatch('reached')(name, start, edges)) }}
{%- endmacro %}
