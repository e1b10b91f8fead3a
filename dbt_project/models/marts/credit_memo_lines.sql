{{ memo_line_values(memos=ref('books_memos'), lines=ref('books_memo_lines')) }}
