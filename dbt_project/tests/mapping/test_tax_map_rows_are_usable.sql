-- Rules L8, L5: each tax rate once (an empty rate id serves every other rate), with what the chosen tax_strategy and line_amount_basis need.
{%- set needed = [] if var('tax_strategy') == 'none'
    else ['netsuite_tax_code_id'] if var('line_amount_basis') == 'gross'
    else ['netsuite_tax_code_id', 'netsuite_tax_type_id'] if var('tax_strategy') == 'suitetax_override'
    else ['netsuite_item_id'] %}
with

rows_of_file as (
    select
        {{ seed_line_number() }} as seed_line,
        stripe_tax_rate_id,
        netsuite_item_id,
        netsuite_tax_code_id,
        netsuite_tax_type_id
    from {{ ref('tax_map') }}
),

-- the header is row 1; a seed that is loaded anew goes on counting
numbered as (
    select
        cast(seed_line - min(seed_line) over () + 2 as integer) as row_number_in_file,
        stripe_tax_rate_id,
        netsuite_item_id,
        netsuite_tax_code_id,
        netsuite_tax_type_id
    from rows_of_file
),

problems as (
{%- for column in ['stripe_tax_rate_id', 'netsuite_item_id', 'netsuite_tax_code_id', 'netsuite_tax_type_id'] %}
    select
        row_number_in_file,
        '{{ column }}' as column_name,
        {{ column }} as cell_value,
        'has white space around it; remove it' as problem
    from numbered
    where {{ column }} <> trim(translate({{ column }}, chr(9) || chr(10) || chr(13) || chr(160), '    '))
    union all
{%- endfor %}
{%- for column in needed %}
    select row_number_in_file, '{{ column }}', {{ column }}, 'must hold a value: {{ "line_amount_basis gross" if var("line_amount_basis") == "gross" else "tax_strategy " ~ var("tax_strategy") }} needs it'
    from numbered
    where {{ cell(column) }} is null
    union all
{%- endfor %}
    select row_number_in_file, 'stripe_tax_rate_id', stripe_tax_rate_id, 'repeats row ' || cast(first_row as varchar) || '; keep one of them'
    from (
        select numbered.*, min(row_number_in_file) over (partition by {{ cell('stripe_tax_rate_id') }}) as first_row
        from numbered
    ) as keyed
    where row_number_in_file > first_row

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
    'tax_map.csv, row ' || cast(row_number_in_file as varchar) || ', column ' || column_name || ': '
    || case when coalesce(cell_value, '') = '' then 'the empty cell' else '"' || cell_value || '"' end || ' ' || problem || '.' as message
from problems
