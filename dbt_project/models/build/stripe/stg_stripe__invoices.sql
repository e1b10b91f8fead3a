select
    ---------- ids
    id as stripe_invoice_id,
    {{ stripe_customer('invoice') }} as stripe_customer_id,
    {{ expandable_id(field('invoice.customer_account', 'json')) }} as stripe_customer_account_id,
    {{ field('invoice.number') }} as invoice_number,
    {{ ids_in_text(json_text(field('invoice.metadata', 'json'), "'$.netsuite_invoice_id'")) }}
        as metadata_netsuite_invoice_id,

    ---------- state
    {{ field('invoice.status') }} as invoice_status,
    {{ field('invoice.currency') }} as currency,
    {{ json_text(field('invoice.metadata', 'json'), "'$.netsuite_block_integration'") }} as netsuite_block_integration,

    ---------- amounts (minor units)
    {{ field('invoice.total', 'bigint') }} as total_minor,
    {{ field('invoice.amount_due', 'bigint') }} as amount_due_minor,
    {{ field('invoice.amount_remaining', 'bigint') }} as amount_remaining_minor,
    {{ field('invoice.pre_payment_credit_notes_amount', 'bigint') }} as pre_payment_credit_notes_minor,
    coalesce({{ field('invoice.shipping_cost.amount_total', 'bigint') }}, 0) as shipping_minor,

    ---------- timestamps (UTC)
    {{ epoch_to_timestamp(field('invoice.created', 'bigint')) }} as created_at,
    {{ epoch_to_timestamp(field('invoice.status_transitions.finalized_at', 'bigint')) }} as finalized_at,
    {{ epoch_to_timestamp(field('invoice.status_transitions.paid_at', 'bigint')) }} as paid_at,
    {{ epoch_to_timestamp(field('invoice.status_transitions.marked_uncollectible_at', 'bigint')) }}
        as marked_uncollectible_at
from {{ ref('stg_stripe__invoice_structs') }}
