{{ checked_rows('outcomes_documents') }}
