{{ checked_rows('open_documents_aging', reuse=['credit_outcomes']) }}
