{{ checked_rows('credit_memo_tax_details') }}
