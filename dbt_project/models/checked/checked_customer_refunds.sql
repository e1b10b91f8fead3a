{{ checked_rows('customer_refunds', reuse=['outcomes_memo_applications']) }}
