select
    ---------- ids
    balance_transaction_id,
    stripe_customer_id,
    stripe_invoice_id,
    credit_note_id,
    checkout_session_id,

    ---------- state
    transaction_type,
    -- rules B1, B2, B7: what the row does to the balance; a use is negative when it collects a debt
    case
        when transaction_type in ('applied_to_invoice', 'checkout_session_subscription_payment') then 'use'
        when transaction_type in ('unapplied_from_invoice', 'checkout_session_subscription_payment_canceled')
            then 'give_back'
        when transaction_type in ('invoice_too_small', 'invoice_too_large') then 'carried'
        when transaction_type in ('invoice_overpaid', 'unspent_receiver_credit') then 'payment'
        when amount_minor < 0 then 'credit'
        when amount_minor >= 0 then 'debit'
    end as movement,
    currency,

    ---------- amounts (minor units; negative = credit to the customer)
    amount_minor,
    ending_balance_minor,

    ---------- timestamps (UTC)
    created_at
from {{ ref('parsed_stripe__customer_balance_transactions') }}
where {{ is_in_scope('customer_key') }}
