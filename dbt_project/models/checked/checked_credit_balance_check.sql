{{ checked_rows('credit_balance_check', by='stripe_customer_id') }}
