-- Ledger rows that use balance or give it back, each with its invoice (rule B1). Checkout rows that name no invoice
-- belong to the one invoice of that customer and currency whose arithmetic lacks exactly their amount.
{{ config(materialized='replaced_view') }}

with

use_rows as (
    select *
    from {{ ref('int_balance_ledger') }}
    where movement in ('use', 'give_back')
),

-- a session that was canceled sums to zero and belongs to no invoice
sessions as (
    select
        stripe_customer_id,
        currency,
        coalesce(checkout_session_id, balance_transaction_id) as session_key,
        sum(amount_minor) as session_minor
    from use_rows
    where stripe_invoice_id is null
    group by stripe_customer_id, currency, coalesce(checkout_session_id, balance_transaction_id)
    having sum(amount_minor) <> 0
),

candidates as (
    select
        sessions.stripe_customer_id,
        sessions.currency,
        sessions.session_key,
        arithmetic.stripe_invoice_id,
        count(*) over (
            partition by sessions.stripe_customer_id, sessions.currency, sessions.session_key
        ) as invoices_of_session,
        count(*) over (partition by arithmetic.stripe_invoice_id) as sessions_of_invoice
    from sessions
    inner join {{ ref('int_invoice_arithmetic') }} as arithmetic
        on
            sessions.stripe_customer_id = arithmetic.stripe_customer_id
            and sessions.currency = arithmetic.currency
            and sessions.session_minor = arithmetic.lacking_minor
            and arithmetic.invoice_status <> 'void'
)

select
    use_rows.balance_transaction_id,
    use_rows.stripe_customer_id,
    use_rows.currency,
    use_rows.created_at,
    use_rows.transaction_type,
    use_rows.movement,
    use_rows.amount_minor,
    use_rows.ending_balance_minor,
    use_rows.chain_position,
    coalesce(use_rows.stripe_invoice_id, candidates.stripe_invoice_id) as stripe_invoice_id,
    use_rows.stripe_invoice_id is null as is_attributed
from use_rows
left join candidates
    on
        use_rows.stripe_invoice_id is null
        and use_rows.stripe_customer_id = candidates.stripe_customer_id
        and use_rows.currency = candidates.currency
        and coalesce(use_rows.checkout_session_id, use_rows.balance_transaction_id) = candidates.session_key
        and candidates.invoices_of_session = 1
        and candidates.sessions_of_invoice = 1
