{{ checked_rows('outcomes_memo_applications', reuse=['outcomes_documents']) }}
