{#-
    Body of the data test of a mapping file: one row per problem, with a message for the accountant that names file, row
    and cell. The header of the file is row 1.

    file            name of the seed
    key_column      column that a message about a repeated row names
    columns         columns that take no white space around a value (list)
    required        columns that must hold a value (list)
    required_by     text after "must hold a value", such as ": tax_strategy tax_lines needs it"
    key             columns that together name a row once; null and '' are equal, case counts except in column currency
    has_empty_key   true when a row with an empty key_column is a row like any other (rule L8)
    allowed         column -> list of the values it may hold
    internal_ids    column -> kind of NetSuite record whose internal id it holds: item or account
    caller          more problems of this file: selects of row_number_in_file, column_name, cell_value and problem
                    from `numbered` (the rows of the file with row_number_in_file)
-#}
{% macro mapping_file_problems(
    file, key_column, columns, required, key=none, required_by='', has_empty_key=false, allowed={}, internal_ids={}
) %}
{%- set key_values = [] %}
{%- for column in key or [key_column] %}
    {%- do key_values.append('lower(' ~ cell(column) ~ ')' if column == 'currency' else cell(column)) %}
{%- endfor %}
with

rows_of_file as (
    select
        seed.*,
        {{ seed_line_number() }} as seed_line
    from {{ ref(file) }} as seed
),

numbered as (
    select
        rows_of_file.*,
        cast(seed_line - min(seed_line) over () + 2 as integer) as row_number_in_file
    from rows_of_file
),

keyed as (
    select
        numbered.*,
        min(row_number_in_file) over (partition by {{ key_values | join(', ') }}) as first_row
    from numbered
),

problems as (
    select
        row_number_in_file,
        '{{ key_column }}' as column_name,
        {{ key_column }} as cell_value,
        'repeats row ' || cast(first_row as varchar) || '; keep one of them' as problem
    from keyed
    where row_number_in_file > first_row{% if not has_empty_key %} and {{ cell(key_column) }} is not null{% endif %}
{%- for column in columns %}

    union all

    select
        row_number_in_file,
        '{{ column }}' as column_name,
        {{ column }} as cell_value,
        'has white space around it; remove it' as problem
    from numbered
    where {{ column }} <> trim(translate({{ column }}, chr(9) || chr(10) || chr(13) || chr(160), '    '))
{%- endfor %}
{%- for column in required %}

    union all

    select
        row_number_in_file,
        '{{ column }}' as column_name,
        {{ column }} as cell_value,
        'must hold a value{{ required_by }}' as problem
    from numbered
    where {{ cell(column) }} is null
{%- endfor %}
{%- for column, values in allowed.items() %}

    union all

    select
        row_number_in_file,
        '{{ column }}' as column_name,
        {{ column }} as cell_value,
        'is not one of {{ values | join(", ") }}' as problem
    from numbered
    where {{ cell(column) }} not in ('{{ values | join("', '") }}')
{%- endfor %}
{%- for column, kind in internal_ids.items() %}

    union all

    select
        numbered.row_number_in_file,
        '{{ column }}' as column_name,
        numbered.{{ column }} as cell_value,
        case
            when records.id is null then 'is the internal id of no {{ kind }} in NetSuite'
            else 'is the internal id of an inactive {{ kind }} in NetSuite'
        end as problem
    from numbered
    left join {{ source('raw_netsuite', kind ~ 's') }} as records on {{ cell('numbered.' ~ column) }} = records.id
    where
        {{ cell('numbered.' ~ column) }} is not null
        and (records.id is null or coalesce(records.isinactive, 'F') = 'T')
{%- endfor %}
{%- if caller is defined %}

    union all
{{ caller() }}
{%- endif %}
)

select
    '{{ file }}.csv, row ' || cast(row_number_in_file as varchar) || ', column ' || column_name || ': '
    || case when coalesce(cell_value, '') = '' then 'the empty cell' else '"' || cell_value || '"' end
    || ' ' || problem || '.' as message
from problems
{% endmacro %}
