{{ checked_rows('credit_memo_lines', by='document_id') }}
