-- Rule M1: each target and field once, a known value type, and exactly one of source and constant. A source names an
-- object that the target has.
{%- set sources %}
    (
        select
            numbered.*,
            split_part({{ cell('source') }}, '.', 1) as object_type,
            substr({{ cell('source') }}, length(split_part({{ cell('source') }}, '.', 1)) + 2) as path,
            case {{ cell('target') }}
                when 'memo' then 'credit_note., invoice., customer.'
                when 'memo_line' then 'credit_note., invoice., customer., credit_note_line., invoice_line.'
                when 'customer_refund' then 'refund., credit_note., invoice., customer.'
            end as allowed_objects
        from numbered
        where {{ cell('source') }} is not null
    ) as sources
{%- endset %}
{%- set value_type, constant = cell('value_type'), cell('constant') %}
{% call mapping_file_problems(
    'field_map',
    key_column='netsuite_field',
    key=['target', 'netsuite_field'],
    columns=['target', 'netsuite_field', 'value_type', 'source', 'constant'],
    required=['target', 'netsuite_field', 'value_type'],
    allowed={
        'target': ['memo', 'memo_line', 'customer_refund'],
        'value_type': ['text', 'number', 'date', 'reference'],
    }
) %}
    select
        row_number_in_file,
        'source' as column_name,
        source as cell_value,
        'must hold a source, or the column constant a value' as problem
    from numbered
    where {{ cell('source') }} is null and {{ constant }} is null

    union all

    select
        row_number_in_file,
        'constant' as column_name,
        constant as cell_value,
        'stands beside a source; keep one of the two' as problem
    from numbered
    where {{ cell('source') }} is not null and {{ constant }} is not null

    union all

    select
        row_number_in_file,
        'source' as column_name,
        {{ cell('source') }} as cell_value,
        'does not start with one of ' || allowed_objects || ', which a ' || {{ cell('target') }} || ' has' as problem
    from {{ sources }}
    where allowed_objects is not null and ' ' || allowed_objects not like '% ' || object_type || '.%'

    union all

    -- <object>.<field>, or <object>.metadata.<key>
    select
        row_number_in_file,
        'source' as column_name,
        {{ cell('source') }} as cell_value,
        'is not written like credit_note.number or credit_note.metadata.department' as problem
    from {{ sources }}
    where
        coalesce(path, '') = ''
        or (path = 'metadata' or path = 'metadata.')
        or (path not like 'metadata.%' and translate(path, 'abcdefghijklmnopqrstuvwxyz0123456789_.', '') <> '')
        or (path like '.%' or path like '%.' or path like '%..%')
        or path like '%"%'

    union all

    select
        row_number_in_file,
        'netsuite_field' as column_name,
        netsuite_field as cell_value,
        'is no field id of NetSuite (letters, digits and underscores)' as problem
    from numbered
    where translate(lower({{ cell('netsuite_field') }}), 'abcdefghijklmnopqrstuvwxyz0123456789_', '') <> ''

    union all

    select
        row_number_in_file,
        'constant' as column_name,
        constant as cell_value,
        'is no ' || {{ value_type }} || case {{ value_type }}
            when 'date' then ' (YYYY-MM-DD)'
            when 'reference' then ' (an internal id)'
            else ''
        end as problem
    from numbered
    where
        case {{ value_type }}
            when 'number' then
                translate({{ constant }}, '0123456789', '') not in ('', '.', '-', '-.') or {{ constant }} like '_%-%'
            when 'date' then
                translate({{ constant }}, '0123456789', '') <> '--' or {{ constant }} not like '____-__-__'
            when 'reference' then translate({{ constant }}, '0123456789', '') <> ''
        end
{% endcall %}
