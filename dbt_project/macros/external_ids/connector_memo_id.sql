{#- External id that the Stripe Connector for NetSuite gives the memo of a Stripe object (rule K1). -#}
{% macro connector_memo_id(stripe_id) -%}
    'ns_memo:' || {{ stripe_id }}
{%- endmacro %}
