{{ checked_rows('outcomes_memo_applications', checked=['outcomes_documents']) }}
