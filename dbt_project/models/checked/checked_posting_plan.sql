{{ checked_rows('posting_plan', checked=[
    'credit_memos', 'credit_memo_applications', 'credit_memo_lines', 'customer_refunds', 'journal_entries', 'zero_amount_invoices',
    'zero_amount_invoice_lines',
]) }}
