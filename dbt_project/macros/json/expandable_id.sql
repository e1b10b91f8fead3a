{#- The id in an expandable field of Stripe: the text itself, or the `id` of the object in its place. -#}
{% macro expandable_id(json_column) -%}
    {{ return(adapter.dispatch('expandable_id')(json_column)) }}
{%- endmacro %}
