{#- Mart customer_refunds of the customers in scope alone. -#}
{% macro customer_refunds_in_scope() -%}
(select outcomes.*, outcomes.netsuite_external_id as external_id from ({{ customer_refund_outcomes(
    refunds=books_in_scope('books_customer_refunds'),
    applications=memo_applications_in_scope(),
) }}) as outcomes)
{%- endmacro %}
