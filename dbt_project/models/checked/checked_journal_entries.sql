{{ checked_rows('journal_entries', checked=['outcomes_documents']) }}
