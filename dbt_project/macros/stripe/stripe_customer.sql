{#- The Stripe customer of a parsed object: its `customer`, else its `customer_account` (rule X1). -#}
{% macro stripe_customer(object) -%}
    coalesce(
        {{ expandable_id(field(object ~ '.customer', 'json')) }},
        {{ expandable_id(field(object ~ '.customer_account', 'json')) }}
    )
{%- endmacro %}
