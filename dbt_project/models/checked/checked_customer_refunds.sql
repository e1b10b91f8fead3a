{{ checked_rows('customer_refunds', checked=['outcomes_memo_applications']) }}
