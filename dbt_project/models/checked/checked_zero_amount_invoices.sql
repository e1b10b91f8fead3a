{{ checked_rows('zero_amount_invoices', by='document_id') }}
