{{ books_of(ref('int_memo_applications'), document='document_id') }}
