{{ checked_rows('credit_memos', reuse=['outcomes_documents']) }}
