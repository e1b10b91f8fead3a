{{ checked_rows('zero_amount_invoices', reuse=['outcomes_documents']) }}
