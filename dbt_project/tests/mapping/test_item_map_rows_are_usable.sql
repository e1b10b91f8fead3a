-- Rules L1, L6: each price, product or coupon once, with an active NetSuite item.
{{ mapping_file_problems(
    'item_map',
    key_column='stripe_id',
    required=['stripe_id', 'netsuite_item_id'],
    internal_ids={'netsuite_item_id': 'item'}
) }}
