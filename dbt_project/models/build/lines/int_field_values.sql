-- Rule M1: what field_map.csv puts into memos, their item and custom lines, and customer refunds; and the out-of-band
-- flag (C7).
{%- set is_epoch = "length(value) between 9 and 11 and translate(value, '0123456789', '') = ''" %}
{%- set epoch = "case when " ~ is_epoch ~ " then value else '0' end" %}
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

mapped_fields as (
    select * from {{ ref('stg_stripe__mapped_fields') }}
),

memos as (
    select * from {{ ref('int_memos') }}
),

-- the Stripe objects that a memo, a line or a refund takes values from
memo_objects as (
    select external_id, 'credit_note' as object_type, document_id as object_id
    from memos
    where document_type = 'credit_note'
    union all
    select external_id, 'invoice' as object_type, stripe_invoice_id as object_id from memos
    union all
    select external_id, 'customer' as object_type, stripe_customer_id as object_id from memos
),

lines as (
    select
        memos.external_id,
        memos.document_id,
        memo_lines.line_number,
        memo_lines.stripe_line_id,
        memo_lines.stripe_invoice_line_id
    from memos
    inner join {{ ref('int_memo_lines') }} as memo_lines on memos.document_id = memo_lines.document_id
    where memo_lines.line_kind in ('item', 'custom')
),

line_objects as (
    select external_id, line_number, 'credit_note_line' as object_type, stripe_line_id as object_id from lines
    union all
    select external_id, line_number, 'invoice_line' as object_type, stripe_invoice_line_id as object_id from lines
    union all
    select lines.external_id, lines.line_number, memo_objects.object_type, memo_objects.object_id
    from lines
    inner join memo_objects on lines.external_id = memo_objects.external_id
),

-- a refund of several credit notes takes the values of the first one
refund_notes as (
    select
        first_notes.stripe_refund_id,
        first_notes.credit_note_id,
        documents.stripe_invoice_id,
        documents.stripe_customer_id
    from (
        select stripe_refund_id, min(credit_note_id) as credit_note_id
        from {{ ref('int_refund_links') }}
        group by stripe_refund_id
    ) as first_notes
    inner join {{ ref('int_credit_documents') }} as documents on first_notes.credit_note_id = documents.document_id
),

refund_objects as (
    select stripe_refund_id as external_id, 'refund' as object_type, stripe_refund_id as object_id from refund_notes
    union all
    select stripe_refund_id as external_id, 'credit_note' as object_type, credit_note_id as object_id from refund_notes
    union all
    select stripe_refund_id as external_id, 'invoice' as object_type, stripe_invoice_id as object_id from refund_notes
    union all
    select stripe_refund_id as external_id, 'customer' as object_type, stripe_customer_id as object_id from refund_notes
),

owners as (
    select 'creditMemo' as record_type, external_id, stripe_customer_id from memos
    union all
    select 'customerRefund' as record_type, external_id, object_id as stripe_customer_id
    from refund_objects
    where object_type = 'customer'
),

-- the record or line that each target of field_map.csv stands for; line_number is null for the body of a record
targets as (
    select 'memo' as target, 'creditMemo' as record_type, external_id, cast(null as integer) as line_number from memos
    union all
    select 'memo_line' as target, 'creditMemo' as record_type, external_id, line_number from lines
    union all
    select
        'customer_refund' as target,
        'customerRefund' as record_type,
        stripe_refund_id as external_id,
        cast(null as integer) as line_number
    from refund_notes
),

target_objects as (
    select
        'memo' as target,
        'creditMemo' as record_type,
        external_id,
        cast(null as integer) as line_number,
        object_type,
        object_id
    from memo_objects
    union all
    select 'memo_line' as target, 'creditMemo' as record_type, external_id, line_number, object_type, object_id
    from line_objects
    union all
    select
        'customer_refund' as target,
        'customerRefund' as record_type,
        external_id,
        cast(null as integer) as line_number,
        object_type,
        object_id
    from refund_objects
),

collected as (
    select
        target_objects.record_type,
        target_objects.external_id,
        target_objects.line_number,
        field_map.netsuite_field,
        field_map.value_type,
        mapped_fields.value
    from field_map
    inner join mapped_fields on field_map.source = mapped_fields.source
    inner join target_objects
        on
            field_map.target = target_objects.target
            and mapped_fields.object_type = target_objects.object_type
            and mapped_fields.object_id = target_objects.object_id
    union all
    select
        targets.record_type,
        targets.external_id,
        targets.line_number,
        field_map.netsuite_field,
        field_map.value_type,
        field_map.constant as value
    from field_map
    inner join targets on field_map.target = targets.target
    where field_map.source is null
    {%- if var('out_of_band_field') is not none %}
    union all
    select
        'creditMemo' as record_type,
        external_id,
        cast(null as integer) as line_number,
        {{ var_text('out_of_band_field') }} as netsuite_field,
        'boolean' as value_type,
        'true' as value
    from memos
    where is_out_of_band
{%- endif %}
)

select distinct
    collected.record_type,
    collected.external_id,
    owners.stripe_customer_id,
    line_number,
    netsuite_field,
    value_type,
    -- Stripe's times are epoch seconds; a day in metadata stays as it is
    case
        when value_type = 'date' and {{ is_epoch }}
            then cast({{ accounting_date(epoch_to_timestamp(epoch)) }} as varchar)
        when value_type = 'date' then substr(value, 1, 10)
        else value
    end as value
from collected
inner join owners on collected.record_type = owners.record_type and collected.external_id = owners.external_id
where value is not null
