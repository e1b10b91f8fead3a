-- Rule X1: each Stripe invoice once, with a NetSuite id. An id that NetSuite lacks is no mistake: its documents wait.
{{ mapping_file_problems(
    'invoice_map',
    key_column='stripe_invoice_id',
    required=['stripe_invoice_id', 'netsuite_invoice_id']
) }}
