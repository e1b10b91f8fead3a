{{ keep('int_netsuite_invoices') }}
