{{ books_of(ref('int_memos')) }}
