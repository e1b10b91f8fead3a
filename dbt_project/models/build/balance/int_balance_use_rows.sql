-- Ledger rows that use balance or give it back, each with its document (rules B1, B9). Checkout rows that name no
-- invoice are paired with the invoices that lack just their amount. What is left is a document of its own.
{{ config(materialized='replaced_view') }}

with

use_rows as (
    select
        ledger.*,
        -- B9: rows of one session belong together; a row without a session stands alone
        coalesce(ledger.checkout_session_id, ledger.balance_transaction_id) as session_key
    from {{ ref('int_balance_ledger') }} as ledger
    where ledger.movement in ('use', 'give_back')
),

unnamed_rows as (
    select
        use_rows.*,
        row_number() over (
            partition by stripe_customer_id, currency, session_key order by chain_position
        ) as row_number_in_session
    from use_rows
    where stripe_invoice_id is null
),

sessions as (
    select
        stripe_customer_id,
        currency,
        session_key,
        sum(amount_minor) as session_minor,
        min(case when row_number_in_session = 1 then created_at end) as started_at,
        min(case when row_number_in_session = 1 then balance_transaction_id end) as first_transaction_id
    from unnamed_rows
    group by stripe_customer_id, currency, session_key
),

-- a session that was canceled comes to zero and belongs to no invoice
queued_sessions as (
    select
        sessions.*,
        row_number() over (
            partition by stripe_customer_id, currency, session_minor order by started_at, first_transaction_id
        ) as place
    from sessions
    where session_minor <> 0
),

queued_invoices as (
    select
        stripe_invoice_id,
        stripe_customer_id,
        currency,
        lacking_minor,
        row_number() over (
            partition by stripe_customer_id, currency, lacking_minor order by finalized_at, stripe_invoice_id
        ) as place
    from {{ ref('int_invoice_arithmetic') }}
    where lacking_minor <> 0
),

paired as (
    select
        sessions.stripe_customer_id,
        sessions.currency,
        sessions.session_key,
        sessions.session_minor,
        sessions.first_transaction_id,
        queued_invoices.stripe_invoice_id
    from sessions
    left join queued_sessions
        on
            sessions.stripe_customer_id = queued_sessions.stripe_customer_id
            and sessions.currency = queued_sessions.currency
            and sessions.session_key = queued_sessions.session_key
    left join queued_invoices
        on
            queued_sessions.stripe_customer_id = queued_invoices.stripe_customer_id
            and queued_sessions.currency = queued_invoices.currency
            and queued_sessions.session_minor = queued_invoices.lacking_minor
            and queued_sessions.place = queued_invoices.place
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
    coalesce(use_rows.stripe_invoice_id, paired.stripe_invoice_id) as stripe_invoice_id,
    {{ balance_use_id('coalesce(use_rows.stripe_invoice_id, paired.stripe_invoice_id, paired.first_transaction_id)') }}
        as document_id,
    not use_rows.names_invoice as is_attributed,
    use_rows.stripe_invoice_id is null and paired.stripe_invoice_id is not null as is_paired,
    use_rows.stripe_invoice_id is null and paired.stripe_invoice_id is null and paired.session_minor <> 0
        as is_without_invoice
from use_rows
left join paired
    on
        use_rows.stripe_invoice_id is null
        and use_rows.stripe_customer_id = paired.stripe_customer_id
        and use_rows.currency = paired.currency
        and use_rows.session_key = paired.session_key
