{{ checked_rows('credit_memo_applications', reuse=['outcomes_memo_applications']) }}
