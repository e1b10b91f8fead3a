-- Values that field_map.csv asks for (rules M1, M2), of the objects credit documents refer to: one row per object and
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
    where
        {{ cell('source') }} is not null
        and {{ cell('source') }} not in (select private.source from {{ ref('reference_private_sources') }} as private)
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
            select stripe_invoice_id from {{ ref('int_credit_documents') }} where stripe_invoice_id is not null
        )
        {%- endif %}
),

{{ name }} as (
    select raw.id, {{ as_json('raw.payload') }} as payload
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
