{{ checked_rows('journal_entries', reuse=['outcomes_documents']) }}
