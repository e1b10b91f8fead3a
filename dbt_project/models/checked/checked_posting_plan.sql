{{ checked_rows('posting_plan', reuse=[
    'credit_memos', 'credit_memo_applications', 'customer_refunds', 'zero_amount_invoices', 'journal_entries',
]) }}
