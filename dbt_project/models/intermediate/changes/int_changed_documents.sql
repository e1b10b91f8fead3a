-- Documents whose lines have to be derived again: new, changed in Stripe, or mapped otherwise than in the last build that ended well.
with

previous_inputs as {{ previous_build('int_document_versions', ['document_id', 'fingerprint']) }},

previous_mappings as {{ previous_build('int_mapping_versions', ['key_type', 'key_value', 'mapped_to']) }},

previous_components as {{ previous_build('int_memo_components', ['document_id', 'stripe_discount_id', 'stripe_tax_rate_id']) }},

previous_lines as {{ previous_build('int_memo_lines', ['document_id', 'stripe_price_id', 'stripe_product_id']) }},

changed_keys as (
    select mappings.key_type, mappings.key_value
    from {{ ref('int_mapping_inputs') }} as mappings
    left join previous_mappings
        on mappings.key_type = previous_mappings.key_type and mappings.key_value = previous_mappings.key_value
    where previous_mappings.mapped_to is null or previous_mappings.mapped_to <> mappings.mapped_to
)

select inputs.document_id
from {{ ref('int_document_inputs') }} as inputs
left join previous_inputs on inputs.document_id = previous_inputs.document_id
where previous_inputs.fingerprint is null or previous_inputs.fingerprint <> inputs.fingerprint

union

select inputs.document_id
from {{ ref('int_document_inputs') }} as inputs
where exists (select 1 from changed_keys where changed_keys.key_type = 'role')

union

select previous_components.document_id
from previous_components
inner join changed_keys
    on changed_keys.key_type = 'discount' and previous_components.stripe_discount_id = changed_keys.key_value

union

select previous_components.document_id
from previous_components
inner join changed_keys
    on changed_keys.key_type = 'tax' and previous_components.stripe_tax_rate_id = changed_keys.key_value

union

select previous_lines.document_id
from previous_lines
inner join changed_keys
    on
        changed_keys.key_type = 'price'
        and previous_lines.stripe_price_id || '|' || previous_lines.stripe_product_id = changed_keys.key_value
