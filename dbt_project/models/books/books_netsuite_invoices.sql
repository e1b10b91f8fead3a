{{ books_of(ref('int_netsuite_invoices')) }}
