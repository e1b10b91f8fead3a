-- Rules L1, L6: each price, product or coupon once, with an active NetSuite item.
with

rows_of_file as (
    select
        {{ seed_line_number() }} as seed_line,
        stripe_id,
        netsuite_item_id
    from {{ ref('item_map') }}
),

-- the header is row 1; a seed that is loaded anew goes on counting
numbered as (
    select
        cast(seed_line - min(seed_line) over () + 2 as integer) as row_number_in_file,
        stripe_id,
        netsuite_item_id
    from rows_of_file
),

problems as (
{%- for column in ['stripe_id', 'netsuite_item_id'] %}
    select
        row_number_in_file,
        '{{ column }}' as column_name,
        {{ column }} as cell_value,
        'has white space around it; remove it' as problem
    from numbered
    where {{ column }} <> trim(translate({{ column }}, chr(9) || chr(10) || chr(13) || chr(160), '    '))
    union all
{%- endfor %}
{%- for column in ['stripe_id', 'netsuite_item_id'] %}
    select row_number_in_file, '{{ column }}', {{ column }}, 'must hold a value'
    from numbered
    where {{ cell(column) }} is null
    union all
{%- endfor %}
    select row_number_in_file, 'stripe_id', stripe_id, 'repeats row ' || cast(first_row as varchar) || '; keep one of them'
    from (
        select numbered.*, min(row_number_in_file) over (partition by {{ cell('stripe_id') }}) as first_row
        from numbered
    ) as keyed
    where {{ cell('stripe_id') }} is not null and row_number_in_file > first_row

    union all
    select
        numbered.row_number_in_file,
        'netsuite_item_id',
        numbered.netsuite_item_id,
        case when found.netsuite_item_id is null then 'is the internal id of no item in NetSuite' else 'is the internal id of an inactive item in NetSuite' end
    from numbered
    left join {{ ref('parsed_netsuite__items') }} as found on {{ cell('numbered.netsuite_item_id') }} = found.netsuite_item_id
    where {{ cell('numbered.netsuite_item_id') }} is not null and coalesce(found.is_inactive, true)
)

select
    'item_map.csv, row ' || cast(row_number_in_file as varchar) || ', column ' || column_name || ': '
    || case when coalesce(cell_value, '') = '' then 'the empty cell' else '"' || cell_value || '"' end || ' ' || problem || '.' as message
from problems
