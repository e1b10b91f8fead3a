-- Rule M1: each target and field once, a known value type, and exactly one of source and constant; a source names an object that the target has.
with

rows_of_file as (
    select
        {{ seed_line_number() }} as seed_line,
        target,
        netsuite_field,
        value_type,
        source,
        constant
    from {{ ref('field_map') }}
),

-- the header is row 1; a seed that is loaded anew goes on counting
numbered as (
    select
        cast(seed_line - min(seed_line) over () + 2 as integer) as row_number_in_file,
        target,
        netsuite_field,
        value_type,
        source,
        constant
    from rows_of_file
),

sources as (
    select
        row_number_in_file,
        {{ cell('target') }} as target,
        {{ cell('source') }} as source,
        split_part({{ cell('source') }}, '.', 1) as object_type,
        substr({{ cell('source') }}, length(split_part({{ cell('source') }}, '.', 1)) + 2) as rest,
        case {{ cell('target') }}
            when 'memo' then 'credit_note., invoice., customer.'
            when 'memo_line' then 'credit_note., invoice., customer., credit_note_line., invoice_line.'
            when 'customer_refund' then 'refund., credit_note., invoice., customer.'
        end as allowed_objects
    from numbered
    where {{ cell('source') }} is not null
),

problems as (
{%- for column in ['target', 'netsuite_field', 'value_type', 'source', 'constant'] %}
    select
        row_number_in_file,
        '{{ column }}' as column_name,
        {{ column }} as cell_value,
        'has white space around it; remove it' as problem
    from numbered
    where {{ column }} <> trim(translate({{ column }}, chr(9) || chr(10) || chr(13) || chr(160), '    '))
    union all
{%- endfor %}
{%- for column in ['target', 'netsuite_field', 'value_type'] %}
    select row_number_in_file, '{{ column }}', {{ column }}, 'must hold a value'
    from numbered
    where {{ cell(column) }} is null
    union all
{%- endfor %}
    select row_number_in_file, 'netsuite_field', netsuite_field, 'repeats row ' || cast(first_row as varchar) || '; keep one of them'
    from (
        select numbered.*, min(row_number_in_file) over (partition by {{ cell('target') }}, {{ cell('netsuite_field') }}) as first_row
        from numbered
    ) as keyed
    where {{ cell('netsuite_field') }} is not null and row_number_in_file > first_row

    union all
    select row_number_in_file, 'target', target, 'is not one of memo, memo_line, customer_refund'
    from numbered
    where {{ cell('target') }} not in ('memo', 'memo_line', 'customer_refund')

    union all
    select row_number_in_file, 'value_type', value_type, 'is not one of text, number, date, reference'
    from numbered
    where {{ cell('value_type') }} not in ('text', 'number', 'date', 'reference')

    union all
    select row_number_in_file, 'source', source, 'must hold a source, or the column constant a value'
    from numbered
    where {{ cell('source') }} is null and {{ cell('constant') }} is null

    union all
    select row_number_in_file, 'constant', constant, 'stands beside a source; keep one of the two'
    from numbered
    where {{ cell('source') }} is not null and {{ cell('constant') }} is not null

    union all
    select row_number_in_file, 'source', source, 'does not start with one of ' || allowed_objects || ', which a ' || target || ' has'
    from sources
    where allowed_objects is not null and ' ' || allowed_objects not like '% ' || object_type || '.%'

    union all
    -- <object>.<field>, or <object>.metadata.<key>
    select row_number_in_file, 'source', source, 'is not written like credit_note.number or credit_note.metadata.department'
    from sources
    where
        coalesce(rest, '') = ''
        or (rest = 'metadata' or rest = 'metadata.')
        or (rest not like 'metadata.%' and translate(rest, 'abcdefghijklmnopqrstuvwxyz0123456789_.', '') <> '')
        or (rest like '.%' or rest like '%.' or rest like '%..%')
        or rest like '%"%'

    union all
    select row_number_in_file, 'netsuite_field', netsuite_field, 'is no field id of NetSuite (letters, digits and underscores)'
    from numbered
    where translate(lower({{ cell('netsuite_field') }}), 'abcdefghijklmnopqrstuvwxyz0123456789_', '') <> ''

    union all
    select row_number_in_file, 'constant', constant, 'is no ' || {{ cell('value_type') }} || case {{ cell('value_type') }} when 'date' then ' (YYYY-MM-DD)' when 'reference' then ' (an internal id)' else '' end
    from numbered
    where
        ({{ cell('value_type') }} = 'number' and (translate({{ cell('constant') }}, '0123456789', '') not in ('', '.', '-', '-.') or {{ cell('constant') }} like '_%-%'))
        or ({{ cell('value_type') }} = 'date' and (translate({{ cell('constant') }}, '0123456789', '') <> '--' or {{ cell('constant') }} not like '____-__-__'))
        or ({{ cell('value_type') }} = 'reference' and translate({{ cell('constant') }}, '0123456789', '') <> '')
)

select
    'field_map.csv, row ' || cast(row_number_in_file as varchar) || ', column ' || column_name || ': '
    || case when coalesce(cell_value, '') = '' then 'the empty cell' else '"' || cell_value || '"' end || ' ' || problem || '.' as message
from problems
