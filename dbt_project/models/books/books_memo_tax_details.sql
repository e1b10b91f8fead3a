{{ books_of(ref('int_memo_tax_details'), document='document_id') }}
