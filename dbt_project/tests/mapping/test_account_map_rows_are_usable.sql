-- Rules R1, G2, L1: each purpose and currency once (an empty currency means any), with an active NetSuite account.
with

rows_of_file as (
    select
        {{ seed_line_number() }} as seed_line,
        purpose,
        currency,
        netsuite_account_id
    from {{ ref('account_map') }}
),

-- the header is row 1; a seed that is loaded anew goes on counting
numbered as (
    select
        cast(seed_line - min(seed_line) over () + 2 as integer) as row_number_in_file,
        purpose,
        currency,
        netsuite_account_id
    from rows_of_file
),

problems as (
{%- for column in ['purpose', 'currency', 'netsuite_account_id'] %}
    select
        row_number_in_file,
        '{{ column }}' as column_name,
        {{ column }} as cell_value,
        'has white space around it; remove it' as problem
    from numbered
    where {{ column }} <> trim(translate({{ column }}, chr(9) || chr(10) || chr(13) || chr(160), '    '))
    union all
{%- endfor %}
{%- for column in ['purpose', 'netsuite_account_id'] %}
    select row_number_in_file, '{{ column }}', {{ column }}, 'must hold a value'
    from numbered
    where {{ cell(column) }} is null
    union all
{%- endfor %}
    select row_number_in_file, 'purpose', purpose, 'repeats row ' || cast(first_row as varchar) || '; keep one of them'
    from (
        select numbered.*, min(row_number_in_file) over (partition by {{ cell('purpose') }}, lower({{ cell('currency') }})) as first_row
        from numbered
    ) as keyed
    where {{ cell('purpose') }} is not null and row_number_in_file > first_row

    union all
    select row_number_in_file, 'purpose', purpose, 'is not one of refund, pre_go_live_income, item_income'
    from numbered
    where {{ cell('purpose') }} not in ('refund', 'pre_go_live_income', 'item_income')

    union all
    select
        numbered.row_number_in_file,
        'currency',
        numbered.currency,
        case when currencies.currency is null then 'is no currency that Stripe has' else 'must be in lower case' end
    from numbered
    left join {{ ref('reference_currencies') }} as currencies on lower({{ cell('numbered.currency') }}) = currencies.currency
    where {{ cell('numbered.currency') }} is not null and (currencies.currency is null or currencies.currency <> {{ cell('numbered.currency') }})

    union all
    select
        numbered.row_number_in_file,
        'netsuite_account_id',
        numbered.netsuite_account_id,
        case when found.netsuite_account_id is null then 'is the internal id of no account in NetSuite' else 'is the internal id of an inactive account in NetSuite' end
    from numbered
    left join {{ ref('parsed_netsuite__accounts') }} as found on {{ cell('numbered.netsuite_account_id') }} = found.netsuite_account_id
    where {{ cell('numbered.netsuite_account_id') }} is not null and coalesce(found.is_inactive, true)
)

select
    'account_map.csv, row ' || cast(row_number_in_file as varchar) || ', column ' || column_name || ': '
    || case when coalesce(cell_value, '') = '' then 'the empty cell' else '"' || cell_value || '"' end || ' ' || problem || '.' as message
from problems
