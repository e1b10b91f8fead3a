{{ books_of(ref('int_zero_amount_invoices')) }}
