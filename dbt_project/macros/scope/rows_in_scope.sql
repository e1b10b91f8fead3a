{#-
    Rows of a mart or of the books that belong to the documents of this build: data tests look at these, since all
    others passed when they were derived.

    column    the column that says whose a row is: external_id, document_id, stripe_refund_id or stripe_customer_id
-#}
{% macro rows_in_scope(mart, column='external_id') -%}
    {%- if column == 'stripe_customer_id' -%}
    (select * from {{ ref(mart) }} where {{ is_in_scope(column) }})
    {%- else -%}
    (select * from {{ ref(mart) }} where {{ column }} in (
        select scope.{{ 'document_id' if column == 'document_id' else 'external_id' }}
        from {{ ref('int_external_ids') }} as scope
    ))
    {%- endif -%}
{%- endmacro %}
