{{ valued_memo_lines(ref('books_memo_lines')) }}
