{{ checked_rows('credit_memo_applications', checked=['outcomes_memo_applications']) }}
