-- What field_map.csv puts into the records and rows of NetSuite (rules M1, M2), and the out-of-band flag (C7). A
-- customer refund has values of each credit note behind it; which note gives them follows from the outcomes (mart
-- netsuite_field_values).
{%- set is_epoch = "length(value) between 9 and 11 and translate(value, '0123456789', '') = ''" %}
{%- set epoch = "case when " ~ is_epoch ~ " then value else '0' end" %}
{%- set no_id = 'cast(null as ' ~ text() ~ ')' %}
with

field_map as (
    select
        {{ cell('target') }} as target,
        {{ cell('netsuite_field') }} as netsuite_field,
        {{ cell('value_type') }} as value_type,
        {{ cell('source') }} as source,
        split_part({{ cell('source') }}, '.', 1) as object_type,
        {{ cell('constant') }} as constant
    from {{ ref('field_map') }}
),

memos as (
    select
        memos.*,
        case when document_type = 'credit_note' then document_id end as credit_note_id
    from {{ ref('int_memos') }} as memos
),

memo_rows as (
    select
        memos.external_id,
        memos.document_id,
        memos.stripe_customer_id,
        memo_lines.line_number,
        memo_lines.line_kind,
        memos.credit_note_id,
        memos.stripe_invoice_id,
        case when memo_lines.line_kind <> 'balance' then memo_lines.stripe_line_id end as credit_note_line_id,
        -- a balance row can stand for a line of the invoice (B4)
        case
            when memo_lines.line_kind = 'balance' then memo_lines.stripe_line_id
            else memo_lines.stripe_invoice_line_id
        end as invoice_line_id
    from memos
    inner join {{ ref('int_memo_lines') }} as memo_lines on memos.document_id = memo_lines.document_id
),

zero_invoices as (
    select * from {{ ref('int_zero_amount_invoices') }}
),

credit_documents as (
    select * from {{ ref('int_credit_documents') }}
),

journal_entries as (
    select
        entries.external_id,
        entries.document_id,
        entries.stripe_refund_id,
        credit_documents.stripe_customer_id,
        credit_documents.stripe_invoice_id
    from {{ ref('int_income_journal_entries') }} as entries
    inner join credit_documents on entries.document_id = credit_documents.document_id
),

-- each record, and each row of one, with the Stripe objects that it has; line_number is null for the body of a record
targets as (
    select
        'memo' as target,
        'creditMemo' as record_type,
        external_id,
        document_id,
        stripe_customer_id,
        cast(null as integer) as line_number,
        credit_note_id,
        stripe_invoice_id,
        {{ no_id }} as stripe_refund_id,
        {{ no_id }} as credit_note_line_id,
        {{ no_id }} as invoice_line_id
    from memos

    union all
    {%- for target, condition in {'memo_line': "line_kind in ('item', 'custom')", 'memo_row': 'true'}.items() %}

    select
        '{{ target }}' as target,
        'creditMemo' as record_type,
        external_id,
        document_id,
        stripe_customer_id,
        line_number,
        credit_note_id,
        stripe_invoice_id,
        {{ no_id }} as stripe_refund_id,
        credit_note_line_id,
        invoice_line_id
    from memo_rows
    where {{ condition }}

    union all
    {%- endfor %}

    select
        'customer_refund' as target,
        'customerRefund' as record_type,
        links.stripe_refund_id as external_id,
        links.credit_note_id as document_id,
        credit_documents.stripe_customer_id,
        cast(null as integer) as line_number,
        links.credit_note_id,
        credit_documents.stripe_invoice_id,
        links.stripe_refund_id,
        {{ no_id }} as credit_note_line_id,
        {{ no_id }} as invoice_line_id
    from {{ ref('int_refund_links') }} as links
    inner join credit_documents on links.credit_note_id = credit_documents.document_id

    union all

    select
        'zero_invoice' as target,
        'invoice' as record_type,
        external_id,
        document_id,
        stripe_customer_id,
        cast(null as integer) as line_number,
        {{ no_id }} as credit_note_id,
        document_id as stripe_invoice_id,
        {{ no_id }} as stripe_refund_id,
        {{ no_id }} as credit_note_line_id,
        {{ no_id }} as invoice_line_id
    from zero_invoices

    union all

    select
        'zero_invoice_row' as target,
        'invoice' as record_type,
        zero_invoices.external_id,
        zero_invoices.document_id,
        zero_invoices.stripe_customer_id,
        zero_lines.line_number,
        {{ no_id }} as credit_note_id,
        zero_invoices.document_id as stripe_invoice_id,
        {{ no_id }} as stripe_refund_id,
        {{ no_id }} as credit_note_line_id,
        zero_lines.stripe_line_id as invoice_line_id
    from zero_invoices
    inner join {{ ref('int_zero_invoice_lines') }} as zero_lines on zero_invoices.document_id = zero_lines.document_id
{%- for target, line_number in [
    ('journal_entry', 'cast(null as integer)'),
    ('journal_row', '1'),
    ('journal_row', '2'),
] %}

    union all

    -- the rows of a journal entry: 1 is its debit, 2 its credit
    select
        '{{ target }}' as target,
        'journalEntry' as record_type,
        external_id,
        document_id,
        stripe_customer_id,
        {{ line_number }} as line_number,
        document_id as credit_note_id,
        stripe_invoice_id,
        stripe_refund_id,
        {{ no_id }} as credit_note_line_id,
        {{ no_id }} as invoice_line_id
    from journal_entries
    {%- endfor %}
),

wanted as (
    select
        targets.target,
        targets.record_type,
        targets.external_id,
        targets.document_id,
        targets.stripe_customer_id,
        targets.line_number,
        field_map.netsuite_field,
        field_map.value_type,
        field_map.source,
        field_map.constant,
        case field_map.object_type
            when 'credit_note' then targets.credit_note_id
            when 'invoice' then targets.stripe_invoice_id
            when 'customer' then targets.stripe_customer_id
            when 'refund' then targets.stripe_refund_id
            when 'credit_note_line' then targets.credit_note_line_id
            when 'invoice_line' then targets.invoice_line_id
        end as object_id
    from targets
    inner join field_map on targets.target = field_map.target
),

-- X6; a text of control characters alone is an empty one
found as (
    select
        wanted.*,
        nullif({{ sendable_text('coalesce(wanted.constant, mapped_fields.value)') }}, '') as value
    from wanted
    left join {{ ref('stg_stripe__mapped_fields') }} as mapped_fields
        on wanted.source = mapped_fields.source and wanted.object_id = mapped_fields.object_id
),

-- M2: where memo_line and memo_row both give a row a value, that of memo_line counts
ranked as (
    select
        found.*,
        row_number() over (
            partition by record_type, external_id, document_id, line_number, netsuite_field order by target
        ) as value_rank
    from found
    where value is not null
),

collected as (
    select
        record_type,
        external_id,
        document_id,
        stripe_customer_id,
        line_number,
        netsuite_field,
        value_type,
        value
    from ranked
    where value_rank = 1
    {%- if var('out_of_band_field') is not none %}

    union all

    select
        'creditMemo' as record_type,
        external_id,
        document_id,
        stripe_customer_id,
        cast(null as integer) as line_number,
        {{ var_text('out_of_band_field') }} as netsuite_field,
        'boolean' as value_type,
        'true' as value
    from memos
    where is_out_of_band
{%- endif %}
)

select
    record_type,
    external_id,
    document_id,
    stripe_customer_id,
    line_number,
    netsuite_field,
    value_type,
    -- Stripe's times are epoch seconds; a day in metadata stays as it is
    case
        when value_type = 'date' and {{ is_epoch }}
            then cast({{ accounting_date(epoch_to_timestamp(epoch)) }} as {{ text() }})
        when value_type = 'date' then substr(value, 1, 10)
        else value
    end as value
from collected
