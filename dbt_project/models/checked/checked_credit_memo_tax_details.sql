{{ checked_rows('credit_memo_tax_details', by='document_id') }}
