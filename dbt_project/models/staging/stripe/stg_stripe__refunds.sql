{{ config(materialized='table') }}

-- Refunds that credit notes of this build link; those that none links stand in the base model only.
select
    ---------- ids
    stripe_refund_id,
    stripe_balance_transaction_id,

    ---------- state
    refund_status,
    failure_reason,
    currency,

    ---------- amounts (minor units)
    amount_minor,

    ---------- timestamps (UTC)
    created_at
from {{ ref('base_stripe__refunds') }}
where stripe_refund_id in (select links.stripe_refund_id from {{ ref('stg_stripe__credit_note_refunds') }} as links)
