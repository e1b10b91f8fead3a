{{ checked_rows('journal_entries', by='document_id') }}
