-- Rules L1, L3, L4, L6, L9, B4: each role once, with an active NetSuite item.
{{ mapping_file_problems(
    'default_items',
    key_column='role',
    required=['role', 'netsuite_item_id'],
    allowed={'role': [
        'unallocated_invoice_item', 'custom_credit_note_line', 'credit_note', 'customer_balance', 'discount_posting',
        'discount_non_posting', 'billing_credit', 'shipping',
    ]},
    internal_ids={'netsuite_item_id': 'item'}
) }}
