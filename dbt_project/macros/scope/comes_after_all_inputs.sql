{#-
    Makes scope_customer_inputs come after every seed and parsed model that a rule reads. dbt wants these edges before
    it knows the graph, so they are written down; one that is missing stops the build with a sentence.
    reference_private_sources and the two sources stand here because tests of the mapping files read them: dbt runs
    a test before a mart only if the mart descends from all that the test reads.
-#}
{% macro comes_after_all_inputs() -%}
    {%- for name in [
        'parsed_stripe__credit_notes', 'parsed_stripe__invoices', 'parsed_stripe__customers',
        'parsed_stripe__customer_balance_transactions',
        'parsed_stripe__refunds', 'parsed_stripe__invoice_payments', 'parsed_stripe__tax_rates',
        'parsed_stripe__checkout_sessions', 'parsed_stripe__prices', 'parsed_stripe__coupons',
        'default_items', 'item_map', 'tax_map', 'account_map', 'customer_map', 'invoice_map', 'field_map',
        'manual_decisions',
        'reference_private_sources',
    ] %}
-- depends_on: {{ ref(name) }}
    {%- endfor %}
-- depends_on: {{ source('raw_netsuite', 'asked_ids') }}
-- depends_on: {{ source('last_build', 'credit_documents') }}
    {%- if execute -%}
        {%- set waits_for = model.depends_on.nodes -%}
        {%- for input in build_inputs() if not input.id.startswith('source.') and input.id not in waits_for -%}
            {{ exceptions.raise_compiler_error(
                "The rules read " ~ input.id ~ ": add it to the list in macros/scope/comes_after_all_inputs.sql."
            ) }}
        {%- endfor -%}
    {%- endif %}
{% endmacro %}
