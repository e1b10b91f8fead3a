{{ checked_rows('credit_memos', by='document_id') }}
