{{ keep('int_zero_amount_invoices') }}
