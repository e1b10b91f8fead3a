{#-
    Whether a text names an id of Stripe (rule O4). Stripe's ids are a few letters, an underscore and a key; these are
    the kinds that outcomes speak of.

    column    SQL expression of a text
-#}
{% macro names_stripe_id(column) -%}
    {{ return(adapter.dispatch('names_stripe_id')(column, [
        'cn', 'cnli', 'in', 'il', 'ii', 're', 'pyr', 'cus', 'acct', 'cbtxn', 'cs', 'price', 'prod', 'txr', 'txn', 'po',
        'pi', 'ch', 'py', 'di',
    ])) }}
{%- endmacro %}
