{{ books_of(ref('int_netsuite_customers')) }}
