{{ books_of(ref('int_document_verdicts'), document='document_id') }}
