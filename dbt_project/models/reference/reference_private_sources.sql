{{ config(materialized="replaced_view") }}

-- Rule M1: sources of field_map.csv that are never landed, since they can tell who a person is. Extract keeps the list
-- of private fields; metadata is always landed.
with

sources as (
    select distinct
        {{ cell('source') }} as source,
        -- what Stripe calls the object
        case split_part({{ cell('source') }}, '.', 1)
            when 'credit_note_line' then 'credit_note_line_item'
            when 'invoice_line' then 'line_item'
            else split_part({{ cell('source') }}, '.', 1)
        end as stripe_object,
        substr({{ cell('source') }}, length(split_part({{ cell('source') }}, '.', 1)) + 2) as path
    from {{ ref('field_map') }}
    where {{ cell('source') }} is not null
)

select distinct sources.source
from sources
inner join {{ source('raw_stripe', 'private_fields') }} as private_fields
    on
        (private_fields.object = '*' and position('.' || private_fields.field || '.' in '.' || sources.path || '.') > 0)
        or (sources.stripe_object = private_fields.object and private_fields.field = split_part(sources.path, '.', 1))
where sources.path not like 'metadata.%'
