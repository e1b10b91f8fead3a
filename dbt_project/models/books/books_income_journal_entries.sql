{{ books_of(ref('int_income_journal_entries'), document='document_id') }}
