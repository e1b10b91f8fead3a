{{ customer_refund_outcomes(refunds=ref('books_customer_refunds'), applications=ref('outcomes_memo_applications')) }}
