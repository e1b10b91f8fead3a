{{ config(materialized='table') }}

-- Values that field_map.csv asks for (rule M1), of the objects credit documents refer to: one row per object and source.
with

sources as (
    select distinct
        {{ cell('source') }} as source,
        split_part({{ cell('source') }}, '.', 1) as object_type,
        case
            when split_part({{ cell('source') }}, '.', 2) = 'metadata'
                then '$.metadata."' || substr({{ cell('source') }}, length(split_part({{ cell('source') }}, '.', 1)) + 11) || '"'
            else '$.' || substr({{ cell('source') }}, length(split_part({{ cell('source') }}, '.', 1)) + 2)
        end as path
    from {{ ref('field_map') }}
    where {{ cell('source') }} is not null
),

-- ids are chosen first: no payload is read that no mapping asks for
object_types as (
    select distinct object_type from sources
),

credit_notes as (
    select raw.id, raw.payload
    from {{ source('raw_stripe', 'credit_notes') }} as raw
    inner join {{ ref('scoped_stripe__credit_notes') }} as current_versions
        on raw.id = current_versions.id and raw.content_hash = current_versions.content_hash
    where raw.id in (
        select named.id from {{ ref('scoped_stripe__credit_notes') }} as named
        inner join object_types on object_types.object_type in ('credit_note', 'credit_note_line')
    )
),

invoices as (
    select raw.id, raw.payload
    from {{ source('raw_stripe', 'invoices') }} as raw
    inner join {{ ref('scoped_stripe__invoices') }} as current_versions
        on raw.id = current_versions.id and raw.content_hash = current_versions.content_hash
    where
        raw.id in (
            select named.id from {{ ref('scoped_stripe__invoices') }} as named
            inner join object_types on object_types.object_type in ('invoice', 'invoice_line')
        )
        and raw.id in (
            select stripe_invoice_id from {{ ref('stg_stripe__credit_notes') }}
            union all
            select stripe_invoice_id from {{ ref('stg_stripe__customer_balance_transactions') }} where stripe_invoice_id is not null
            union all
            -- checkout rows may name no invoice (B1): any of the customer's can be the one
            select invoices.stripe_invoice_id
            from {{ ref('stg_stripe__invoices') }} as invoices
            inner join {{ ref('stg_stripe__customer_balance_transactions') }} as ledger
                on invoices.stripe_customer_id = ledger.stripe_customer_id
            where ledger.stripe_invoice_id is null and ledger.checkout_session_id is not null
        )
),

objects as (
    select 'credit_note' as object_type, id as object_id, payload from credit_notes
    union all
    select 'invoice', id, payload from invoices
    union all
    select 'customer', raw.id, raw.payload
    from {{ source('raw_stripe', 'customers') }} as raw
    inner join {{ ref('base_stripe__customers') }} as current_versions
        on raw.id = current_versions.id and raw.content_hash = current_versions.content_hash
    where raw.id in (
        select named.stripe_customer_id from {{ ref('stg_stripe__customers') }} as named
        inner join object_types on object_types.object_type = 'customer'
    )
    union all
    select 'refund', raw.id, raw.payload
    from {{ source('raw_stripe', 'refunds') }} as raw
    inner join {{ ref('base_stripe__refunds') }} as current_versions
        on raw.id = current_versions.id and raw.content_hash = current_versions.content_hash
    where raw.id in (
        select named.stripe_refund_id from {{ ref('stg_stripe__refunds') }} as named
        inner join object_types on object_types.object_type = 'refund'
    )
    union all
    select 'credit_note_line', {{ json_text('line', "'$.id'") }}, line
    from ({{ json_elements('credit_notes', 'payload', '$.lines.data[*]', 'line') }}) as note_lines
    union all
    select 'invoice_line', {{ json_text('line', "'$.id'") }}, line
    from ({{ json_elements('invoices', 'payload', '$.lines.data[*]', 'line') }}) as invoice_lines
)

select distinct
    objects.object_type,
    objects.object_id,
    sources.source,
    {{ json_text('objects.payload', 'sources.path') }} as value
from objects
inner join sources on objects.object_type = sources.object_type
where nullif({{ json_text('objects.payload', 'sources.path') }}, '') is not null
