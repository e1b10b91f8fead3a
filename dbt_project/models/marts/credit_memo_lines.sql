{{ valued_memo_lines(ref('kept_memo_lines')) }}
