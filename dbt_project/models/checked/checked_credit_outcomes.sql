{{ checked_rows('credit_outcomes', by='document_id') }}
