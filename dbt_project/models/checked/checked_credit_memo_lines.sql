{{ checked_rows('credit_memo_lines') }}
