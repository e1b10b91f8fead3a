-- Refunds that credit notes in scope link; those that no note links are in the parsed model only.
with

concerning as (
    {{ concerning_scope(ref('parsed_stripe__refunds'), ref('scope_names')) }}
)

select
    ---------- ids
    stripe_refund_id,
    stripe_balance_transaction_id,
    metadata_netsuite_memo_id,
    metadata_netsuite_refund_id,

    ---------- state
    refund_status,
    refund_reason,
    failure_reason,
    currency,

    ---------- amounts (minor units)
    amount_minor,

    ---------- timestamps (UTC)
    created_at
from concerning
