-- Values that field_map.csv asks for (rule M1), of the objects credit documents refer to: one row per object and
-- source.
with

sources as (
    select distinct
        {{ cell('source') }} as source,
        split_part({{ cell('source') }}, '.', 1) as object_type,
        case
            when split_part({{ cell('source') }}, '.', 2) = 'metadata'
                then
                    '$.metadata."'
                    || substr({{ cell('source') }}, length(split_part({{ cell('source') }}, '.', 1)) + 11) || '"'
            else '$.' || substr({{ cell('source') }}, length(split_part({{ cell('source') }}, '.', 1)) + 2)
        end as path
    from {{ ref('field_map') }}
    where {{ cell('source') }} is not null
),

-- ids are chosen first, so that only payloads that a mapping asks for are read
object_types as (
    select distinct object_type from sources
),

{%- for name, kinds, key in [
    ('credit_notes', ['credit_note', 'credit_note_line'], 'credit_note_id'),
    ('invoices', ['invoice', 'invoice_line'], 'stripe_invoice_id'),
    ('customers', ['customer'], 'stripe_customer_id'),
    ('refunds', ['refund'], 'stripe_refund_id'),
] %}

wanted_{{ name }} as (
    select named.{{ key }} as id
    from {{ ref('stg_stripe__' ~ name) }} as named
    where
        exists (select 1 from object_types where object_types.object_type in ('{{ kinds | join("', '") }}'))
        {%- if name == 'invoices' %}
        and named.stripe_invoice_id in (
            select stripe_invoice_id from {{ ref('stg_stripe__credit_notes') }}
            union all
            select stripe_invoice_id
            from {{ ref('stg_stripe__customer_balance_transactions') }}
            where stripe_invoice_id is not null
            union all
            -- a checkout row may name no invoice (B1): it can belong to any invoice of the customer
            select invoices.stripe_invoice_id
            from {{ ref('stg_stripe__invoices') }} as invoices
            inner join {{ ref('stg_stripe__customer_balance_transactions') }} as ledger
                on invoices.stripe_customer_id = ledger.stripe_customer_id
            where ledger.stripe_invoice_id is null and ledger.checkout_session_id is not null
        )
        {%- endif %}
),

{{ name }} as (
    select raw.id, raw.payload
    from {{ source('raw_stripe', name) }} as raw
    inner join wanted_{{ name }} on raw.id = wanted_{{ name }}.id
    inner join {{ ref('parsed_stripe__' ~ name) }} as current_versions
        on wanted_{{ name }}.id = current_versions.id and raw.content_hash = current_versions.content_hash
),
{%- endfor %}

objects as (
    select 'credit_note' as object_type, id as object_id, payload from credit_notes
    union all
    select 'invoice' as object_type, id as object_id, payload from invoices
    union all
    select 'customer' as object_type, id as object_id, payload from customers
    union all
    select 'refund' as object_type, id as object_id, payload from refunds
    union all
    select 'credit_note_line' as object_type, {{ json_text('line', "'$.id'") }} as object_id, line as payload
    from ({{ json_elements('credit_notes', 'payload', '$.lines.data[*]', 'line') }}) as note_lines
    union all
    select 'invoice_line' as object_type, {{ json_text('line', "'$.id'") }} as object_id, line as payload
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
