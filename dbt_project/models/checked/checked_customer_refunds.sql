{{ checked_rows('customer_refunds', by='stripe_refund_id') }}
