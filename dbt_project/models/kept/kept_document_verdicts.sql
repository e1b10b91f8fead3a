{{ keep('int_document_verdicts', document='document_id') }}
