{#-
    Body of the data test of a mapping file: one row per problem, with a message for the accountant that names file,
    line and cell, and the id of the row. The header is line 1 and each row one line; the pipeline puts in the lines of
    a file that is written otherwise.

    file            name of the seed
    key_column      column that a message about a repeated row names
    required        columns that must hold a value (list)
    required_by     text after "must hold a value", such as ": tax_strategy tax_lines needs it"
    key             columns that together name a row once; null and '' are equal, case counts except in column currency
    has_empty_key   true when a row with an empty key_column is a row like any other (rule L8)
    allowed         column -> list of the values it may hold
    internal_ids    column -> kind of NetSuite record whose internal id it holds: item or account
    caller          more problems of this file: selects of line_number, column_name, cell_value and problem
                    from `numbered` (the rows of the file with line_number)
-#}
{% macro mapping_file_problems(
    file, key_column, required, key=none, required_by='', has_empty_key=false, allowed={}, internal_ids={}
) %}
{%- set key_values = [] %}
{%- for column in key or [key_column] %}
    {%- do key_values.append('lower(' ~ cell(column) ~ ')' if column == 'currency' else cell(column)) %}
{%- endfor %}
with

numbered as (
    {{ mapping_rows(file) }}
),

keyed as (
    select
        numbered.*,
        min(line_number) over (partition by {{ key_values | join(', ') }}) as first_line
    from numbered
),

problems as (
    select
        line_number,
        '{{ key_column }}' as column_name,
        {{ key_column }} as cell_value,
        'repeats {{ file }}.csv, line ' || cast(first_line as {{ text() }}) || '; keep one of them' as problem
    from keyed
    where line_number > first_line{% if not has_empty_key %} and {{ cell(key_column) }} is not null{% endif %}
{%- for column in required %}

    union all

    select
        line_number,
        '{{ column }}' as column_name,
        {{ column }} as cell_value,
        'must hold a value{{ required_by }}' as problem
    from numbered
    where {{ cell(column) }} is null
{%- endfor %}
{%- for column, values in allowed.items() %}

    union all

    select
        line_number,
        '{{ column }}' as column_name,
        {{ column }} as cell_value,
        'is not one of {{ values | join(", ") }}' as problem
    from numbered
    where {{ cell(column) }} not in ('{{ values | join("', '") }}')
{%- endfor %}
{%- for column, kind in internal_ids.items() %}

    union all

    select
        numbered.line_number,
        '{{ column }}' as column_name,
        numbered.{{ column }} as cell_value,
        case
            when records.id is null and asked.id is null then {{ not_asked_for() }}
            when records.id is null then 'is the internal id of no {{ kind }} in NetSuite'
            else 'is the internal id of an inactive {{ kind }} in NetSuite'
        end as problem
    from numbered
    left join {{ source('raw_netsuite', kind ~ 's') }} as records on {{ cell('numbered.' ~ column) }} = records.id
    left join {{ source('raw_netsuite', 'asked_ids') }} as asked
        on asked.table_name = '{{ kind }}s' and {{ cell('numbered.' ~ column) }} = asked.id
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
    '{{ file }}.csv, line ' || cast(problems.line_number as {{ text() }}) || ', column ' || problems.column_name || ': '
    || case when coalesce(problems.cell_value, '') = '' then 'the empty cell' else '"' || problems.cell_value || '"' end
    || ' ' || problems.problem
    || case
        when problems.column_name <> '{{ key_column }}' and {{ cell('numbered.' ~ key_column) }} is not null
            then ' (row of ' || {{ cell('numbered.' ~ key_column) }} || ')'
        else ''
    end
    || '.' as message
from problems
inner join numbered on problems.line_number = numbered.line_number
{% endmacro %}
