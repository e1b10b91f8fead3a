{{ keep('int_memo_lines', document='document_id') }}
