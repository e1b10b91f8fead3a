{#-
    An id as inputs and customers are matched by it: the system it is of and the id itself, case and outer blanks
    ignored. Two ids with one key only make a
    build do more.

    kind    stripe, external_id (in NetSuite, Stripe's ids or built on them), netsuite_customer,
            netsuite_transaction or netsuite_item
-#}
{% macro name_key(kind, id) -%}
    {{ fingerprint(["'" ~ ('stripe' if kind == 'external_id' else kind) ~ "'", 'lower(trim(' ~ id ~ '))']) }}
{%- endmacro %}
