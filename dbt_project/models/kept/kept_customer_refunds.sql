{{ keep('int_customer_refunds') }}
