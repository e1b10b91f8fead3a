{#- outcomes_memo_applications of the customers in scope alone. -#}
{% macro memo_applications_in_scope() -%}
({{ memo_application_outcomes(
    applications=books_in_scope('books_memo_applications'),
    memos=books_in_scope('books_memos'),
    outcomes=rows_in_scope('outcomes_documents', 'document_id'),
    verdicts=books_in_scope('books_document_verdicts'),
    refunds=books_in_scope('books_customer_refunds'),
) }})
{%- endmacro %}
