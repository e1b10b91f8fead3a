{{ checked_rows('credit_outcomes', reuse=['outcomes_documents']) }}
