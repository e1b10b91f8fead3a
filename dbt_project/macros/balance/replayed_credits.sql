{#-
    Body of a query `holdings`: what there is after each row of a ledger (models/build/balance/
    int_balance_credit_sources.sql). An engine that can, takes the recursion that is called with; it has windows in its
    recursive part. Another one has a text of its own, over the same columns. It may leave out pieces that no document
    holds, or that can still come back.

    movements    name of a relation: stripe_customer_id, currency, chain_position (1, 2, ...), takes, taken_minor,
                 added_minor, document_id, last_give_back
-#}
{% macro replayed_credits(movements) -%}
    {{ return(adapter.dispatch('replayed_credits')(movements, caller())) }}
{%- endmacro %}
