{{ checked_rows('credit_memos', checked=['outcomes_documents']) }}
