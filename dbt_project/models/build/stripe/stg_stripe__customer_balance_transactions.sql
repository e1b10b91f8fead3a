with

landed as (
    select
        balance_transaction_id,
        stripe_customer_id,
        stripe_invoice_id,
        credit_note_id,
        checkout_session_id,
        transaction_type,
        currency,
        amount_minor,
        ending_balance_minor,
        created_at
    from {{ ref('parsed_stripe__customer_balance_transactions') }}
    where {{ is_in_scope('customer_key') }}
),

notes as (
    select
        id as credit_note_id,
        {{ stripe_customer('note') }} as stripe_customer_id,
        {{ field('note.customer_balance_transaction', 'json') }} as row_json
    from {{ ref('stg_stripe__credit_note_structs') }}
),

-- B6: Stripe may show the ledger of a deleted customer no more; then a row counts that was sent with its credit note
expanded as (
    select
        {{ expandable_id('notes.row_json') }} as balance_transaction_id,
        notes.stripe_customer_id,
        {{ json_text('notes.row_json', "'$.invoice'") }} as stripe_invoice_id,
        notes.credit_note_id,
        {{ json_text('notes.row_json', "'$.checkout_session'") }} as checkout_session_id,
        {{ json_text('notes.row_json', "'$.type'") }} as transaction_type,
        {{ json_text('notes.row_json', "'$.currency'") }} as currency,
        cast({{ json_text('notes.row_json', "'$.amount'") }} as bigint) as amount_minor,
        cast({{ json_text('notes.row_json', "'$.ending_balance'") }} as bigint) as ending_balance_minor,
        {{ epoch_to_timestamp("cast(" ~ json_text('notes.row_json', "'$.created'") ~ " as bigint)") }} as created_at
    from notes
    inner join {{ ref('stg_stripe__customers') }} as customers
        on notes.stripe_customer_id = customers.stripe_customer_id
    where
        customers.is_deleted
        and {{ json_text('notes.row_json', "'$.amount'") }} is not null
        and {{ expandable_id('notes.row_json') }} not in (select landed.balance_transaction_id from landed)
),

final as (
    select * from landed
    union all
    select * from expanded
)

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
from final
