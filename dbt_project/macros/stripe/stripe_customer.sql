{#- The Stripe customer of a parsed object: its `customer`, else its `customer_account` (rule X1); JSON in a struct. -#}
{% macro stripe_customer(object) -%}
    coalesce({{ expandable_id(object ~ '.customer') }}, {{ expandable_id(object ~ '.customer_account') }})
{%- endmacro %}
