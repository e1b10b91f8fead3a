-- Rule X1: each Stripe customer once, with a NetSuite id. An id that NetSuite lacks is no mistake here: its documents wait.
with

rows_of_file as (
    select
        {{ seed_line_number() }} as seed_line,
        stripe_customer_id,
        netsuite_customer_id
    from {{ ref('customer_map') }}
),

-- the header is row 1; a seed that is loaded anew goes on counting
numbered as (
    select
        cast(seed_line - min(seed_line) over () + 2 as integer) as row_number_in_file,
        stripe_customer_id,
        netsuite_customer_id
    from rows_of_file
),

problems as (
{%- for column in ['stripe_customer_id', 'netsuite_customer_id'] %}
    select
        row_number_in_file,
        '{{ column }}' as column_name,
        {{ column }} as cell_value,
        'has white space around it; remove it' as problem
    from numbered
    where {{ column }} <> trim(translate({{ column }}, chr(9) || chr(10) || chr(13) || chr(160), '    '))
    union all
{%- endfor %}
{%- for column in ['stripe_customer_id', 'netsuite_customer_id'] %}
    select row_number_in_file, '{{ column }}', {{ column }}, 'must hold a value'
    from numbered
    where {{ cell(column) }} is null
    union all
{%- endfor %}
    select row_number_in_file, 'stripe_customer_id', stripe_customer_id, 'repeats row ' || cast(first_row as varchar) || '; keep one of them'
    from (
        select numbered.*, min(row_number_in_file) over (partition by {{ cell('stripe_customer_id') }}) as first_row
        from numbered
    ) as keyed
    where {{ cell('stripe_customer_id') }} is not null and row_number_in_file > first_row
)

select
    'customer_map.csv, row ' || cast(row_number_in_file as varchar) || ', column ' || column_name || ': '
    || case when coalesce(cell_value, '') = '' then 'the empty cell' else '"' || cell_value || '"' end || ' ' || problem || '.' as message
from problems
