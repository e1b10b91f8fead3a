-- Rules M1, M2: each target and field once, a known value type, and exactly one of source and constant. A source names
-- an object that the target has, and a field that is landed: private ones are not.
{%- set sources %}
    (
        select
            numbered.*,
            split_part({{ cell('source') }}, '.', 1) as object_type,
            substr({{ cell('source') }}, length(split_part({{ cell('source') }}, '.', 1)) + 2) as path,
            case {{ cell('target') }}
                when 'memo' then 'credit_note., invoice., customer.'
                when 'memo_line' then 'credit_note., invoice., customer., credit_note_line., invoice_line.'
                when 'memo_row' then 'credit_note., invoice., customer., credit_note_line., invoice_line.'
                when 'customer_refund' then 'refund., credit_note., invoice., customer.'
                when 'zero_invoice' then 'invoice., customer.'
                when 'zero_invoice_row' then 'invoice., customer., invoice_line.'
                when 'journal_entry' then 'refund., credit_note., invoice., customer.'
                when 'journal_row' then 'refund., credit_note., invoice., customer.'
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
    required=['target', 'netsuite_field', 'value_type'],
    allowed={
        'target': [
            'memo', 'memo_line', 'memo_row', 'customer_refund', 'zero_invoice', 'zero_invoice_row', 'journal_entry',
            'journal_row', 'item',
        ],
        'value_type': ['text', 'number', 'date', 'reference'],
    }
) %}
    select
        line_number,
        'source' as column_name,
        source as cell_value,
        'must hold a source, or the column constant a value' as problem
    from numbered
    where {{ cell('source') }} is null and {{ constant }} is null

    union all

    select
        line_number,
        'constant' as column_name,
        constant as cell_value,
        'stands beside a source; keep one of the two' as problem
    from numbered
    where {{ cell('source') }} is not null and {{ constant }} is not null

    union all

    select
        line_number,
        'source' as column_name,
        {{ cell('source') }} as cell_value,
        'does not start with one of ' || allowed_objects || ', which a ' || {{ cell('target') }} || ' has' as problem
    from {{ sources }}
    where allowed_objects is not null and ' ' || allowed_objects not like '% ' || object_type || '.%'

    union all

    select
        line_number,
        'source' as column_name,
        {{ cell('source') }} as cell_value,
        'must be empty: an item serves every document, so target item takes a constant' as problem
    from {{ sources }}
    where {{ cell('target') }} = 'item'

    union all

    select
        line_number,
        'source' as column_name,
        {{ cell('source') }} as cell_value,
        'is not landed, for privacy (it can tell who a person is); take the row out, or keep what NetSuite needs in '
        || 'metadata' as problem
    from numbered
    where {{ cell('source') }} in (select private.source from {{ ref('reference_private_sources') }} as private)

    union all

    -- <object>.<field>, or <object>.metadata.<key>
    select
        line_number,
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
        line_number,
        'netsuite_field' as column_name,
        netsuite_field as cell_value,
        'is no field id of NetSuite (letters, digits and underscores)' as problem
    from numbered
    where translate(lower({{ cell('netsuite_field') }}), 'abcdefghijklmnopqrstuvwxyz0123456789_', '') <> ''

    union all

    select
        line_number,
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
