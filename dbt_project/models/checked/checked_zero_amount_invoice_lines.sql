{{ checked_rows('zero_amount_invoice_lines', reuse=['zero_amount_invoices']) }}
