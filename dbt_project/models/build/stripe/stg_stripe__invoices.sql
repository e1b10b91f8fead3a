select
    ---------- ids
    id as stripe_invoice_id,
    {{ expandable_id('invoice.customer') }} as stripe_customer_id,
    invoice.number as invoice_number,
    {{ json_text('invoice.metadata', "'$.netsuite_invoice_id'") }} as metadata_netsuite_invoice_id,

    ---------- state
    invoice.status as invoice_status,
    invoice.currency as currency,
    {{ json_text('invoice.metadata', "'$.netsuite_block_integration'") }} as netsuite_block_integration,

    ---------- amounts (minor units)
    invoice.total as total_minor,
    invoice.amount_due as amount_due_minor,
    coalesce(invoice.shipping_cost.amount_total, 0) as shipping_minor,

    ---------- timestamps (UTC)
    {{ epoch_to_timestamp('invoice.created') }} as created_at,
    {{ epoch_to_timestamp('invoice.status_transitions.finalized_at') }} as finalized_at,
    {{ epoch_to_timestamp('invoice.status_transitions.paid_at') }} as paid_at,
    {{ epoch_to_timestamp('invoice.status_transitions.marked_uncollectible_at') }} as marked_uncollectible_at
from {{ ref('stg_stripe__invoice_structs') }}
