{{ checked_rows('credit_memo_applications', by='document_id') }}
