{#-
    The Stripe customer of an object: its `customer`, else its `customer_account` (rule X1).

    object    struct with the JSON fields customer and customer_account
-#}
{% macro stripe_customer_of(object) -%}
    coalesce({{ expandable_id(object ~ '.customer') }}, {{ expandable_id(object ~ '.customer_account') }})
{%- endmacro %}
