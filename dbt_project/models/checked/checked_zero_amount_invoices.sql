{{ checked_rows('zero_amount_invoices', checked=['outcomes_documents']) }}
