{{ books_of(ref('int_credit_document_parts'), document='document_id') }}
