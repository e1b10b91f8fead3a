-- Rules X5, R4: each document and decision once.
with

rows_of_file as (
    select
        {{ seed_line_number() }} as seed_line,
        document_id,
        decision,
        note
    from {{ ref('manual_decisions') }}
),

-- the header is row 1; a seed that is loaded anew goes on counting
numbered as (
    select
        cast(seed_line - min(seed_line) over () + 2 as integer) as row_number_in_file,
        document_id,
        decision,
        note
    from rows_of_file
),

problems as (
{%- for column in ['document_id', 'decision'] %}
    select
        row_number_in_file,
        '{{ column }}' as column_name,
        {{ column }} as cell_value,
        'has white space around it; remove it' as problem
    from numbered
    where {{ column }} <> trim(translate({{ column }}, chr(9) || chr(10) || chr(13) || chr(160), '    '))
    union all
{%- endfor %}
{%- for column in ['document_id', 'decision'] %}
    select row_number_in_file, '{{ column }}', {{ column }}, 'must hold a value'
    from numbered
    where {{ cell(column) }} is null
    union all
{%- endfor %}
    select row_number_in_file, 'document_id', document_id, 'repeats row ' || cast(first_row as varchar) || '; keep one of them'
    from (
        select numbered.*, min(row_number_in_file) over (partition by {{ cell('document_id') }}, {{ cell('decision') }}) as first_row
        from numbered
    ) as keyed
    where {{ cell('document_id') }} is not null and row_number_in_file > first_row

    union all
    select row_number_in_file, 'decision', decision, 'is not one of skip, out_of_band'
    from numbered
    where {{ cell('decision') }} not in ('skip', 'out_of_band')
)

select
    'manual_decisions.csv, row ' || cast(row_number_in_file as varchar) || ', column ' || column_name || ': '
    || case when coalesce(cell_value, '') = '' then 'the empty cell' else '"' || cell_value || '"' end || ' ' || problem || '.' as message
from problems
