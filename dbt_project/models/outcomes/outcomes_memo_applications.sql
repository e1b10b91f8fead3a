{{ memo_application_outcomes(
    applications=ref('books_memo_applications'),
    memos=ref('books_memos'),
    outcomes=ref('outcomes_documents'),
    verdicts=ref('books_document_verdicts'),
    refunds=ref('books_customer_refunds'),
) }}
