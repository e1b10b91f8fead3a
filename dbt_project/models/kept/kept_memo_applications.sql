{{ keep('int_memo_applications', document='document_id') }}
