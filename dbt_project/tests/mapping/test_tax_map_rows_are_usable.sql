-- Rules L8, L5: each tax rate once (an empty rate id serves every other rate), with the columns that var tax_strategy
-- or line_amount_basis needs.
{%- set needed = [] if var('tax_strategy') == 'none'
    else tax_map_columns() %}
{%- set needed_by = 'line_amount_basis gross' if var('line_amount_basis') == 'gross'
    else 'tax_strategy ' ~ var('tax_strategy') %}
{{ mapping_file_problems(
    'tax_map',
    key_column='stripe_tax_rate_id',
    has_empty_key=true,
    required=needed,
    required_by=': ' ~ needed_by ~ ' needs it',
    internal_ids={'netsuite_item_id': 'item'}
) }}
