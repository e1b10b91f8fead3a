{{ books_of(ref('int_customer_refunds')) }}
