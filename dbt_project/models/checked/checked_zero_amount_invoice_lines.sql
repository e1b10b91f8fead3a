{{ checked_rows('zero_amount_invoice_lines', checked=['zero_amount_invoices']) }}
