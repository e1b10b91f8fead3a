{{ books_of(ref('int_zero_invoice_lines'), document='document_id') }}
