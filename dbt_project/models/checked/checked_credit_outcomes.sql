{{ checked_rows('credit_outcomes', checked=['outcomes_documents']) }}
