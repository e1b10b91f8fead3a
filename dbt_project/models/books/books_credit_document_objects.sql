{{ books_of(ref('int_credit_document_objects'), document='document_id') }}
