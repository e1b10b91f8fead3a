-- Rule X1: each Stripe customer once, with a NetSuite id. An id that NetSuite lacks is no mistake: its documents wait.
{{ mapping_file_problems(
    'customer_map',
    key_column='stripe_customer_id',
    required=['stripe_customer_id', 'netsuite_customer_id']
) }}
