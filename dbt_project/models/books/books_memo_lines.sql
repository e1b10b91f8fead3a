{{ books_of(ref('int_memo_lines'), document='document_id') }}
