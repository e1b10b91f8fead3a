{{ config(materialized='table') }}

select
    ---------- ids
    balance_transaction_id,
    stripe_customer_id,
    stripe_invoice_id,
    credit_note_id,
    checkout_session_id,

    ---------- state
    transaction_type,
    currency,

    ---------- amounts (minor units; negative = credit to the customer)
    amount_minor,
    ending_balance_minor,

    ---------- timestamps (UTC)
    created_at
from {{ ref('parsed_stripe__customer_balance_transactions') }}
where {{ is_in_scope('customer_key') }}
