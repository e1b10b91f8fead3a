{#- Stripe's epoch seconds as a timestamp in UTC; null stays null. -#}
{% macro epoch_to_timestamp(seconds) -%}
    {{ return(adapter.dispatch('epoch_to_timestamp')(seconds)) }}
{%- endmacro %}
