{#- A column with JSON texts as what the other macros of this folder take; an engine may want its own type. -#}
{% macro as_json(column) -%}
    {{ return(adapter.dispatch('as_json')(column)) }}
{%- endmacro %}
