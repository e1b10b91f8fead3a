{#-
    Rows of a mart that belong to the customers in scope. All others passed the data tests when they were derived, so
    the tests look at these alone: a mart is a view over all books and the journal, and is gone through once a build
    here, not once a test.

    mart    name of the mart
    by      column that says whose a row is: document_id, stripe_refund_id or stripe_customer_id
    also    condition: rows that belong to nobody and are looked at as well
-#}
{% macro checked_rows(mart, by, also='false') -%}
select * from {{ ref(mart) }}
where
    {%- if is_nobody_in_scope() %}
    false
    {%- elif by == 'document_id' %}
    document_id in (select documents.document_id from {{ ref('int_credit_documents') }} as documents)
    {%- elif by == 'stripe_refund_id' %}
    stripe_refund_id in (select links.stripe_refund_id from {{ ref('int_refund_links') }} as links)
    {%- else %}
    {{ is_in_scope(by) }}
    {%- endif %}
    {%- if not is_nobody_in_scope() %}
    or {{ also }}
    {%- endif %}
{%- endmacro %}
