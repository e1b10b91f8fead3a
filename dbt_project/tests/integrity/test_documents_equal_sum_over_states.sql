-- Rule O2: nothing is dropped silently. Per currency and kind, the credit documents that Stripe's objects ask for are
-- as many and come to as much as the outcomes do over all their states: all of them, in every build. The left side is
-- counted from staging alone.
with

stripe_side as (
    select
        'credit_note' as document_type,
        lower(currency) as currency,
        total_minor as amount_minor
    from {{ ref('parsed_stripe__credit_notes') }}

    union all

    select
        'negative_invoice' as document_type,
        lower(currency) as currency,
        total_minor as amount_minor
    from {{ ref('parsed_stripe__invoices') }}
    where total_minor < 0 and invoice_status in ('open', 'paid', 'uncollectible', 'void')

    union all

    -- B1: every invoice with total >= 0 to which at least one row applied balance; checkout rows that name no
    -- invoice were attributed
    select
        'balance_use' as document_type,
        lower(coalesce(min(invoices.currency), min(ledger.currency))) as currency,
        sum(ledger.amount_minor) as amount_minor
    from {{ ref('parsed_stripe__customer_balance_transactions') }} as ledger
    left join {{ ref('books_attributed_uses') }} as use_rows
        on ledger.balance_transaction_id = use_rows.balance_transaction_id
    left join {{ ref('parsed_stripe__invoices') }} as invoices
        on coalesce(ledger.stripe_invoice_id, use_rows.stripe_invoice_id) = invoices.id
    where
        ledger.transaction_type in (
            'applied_to_invoice', 'unapplied_from_invoice',
            'checkout_session_subscription_payment', 'checkout_session_subscription_payment_canceled'
        )
        and coalesce(ledger.stripe_invoice_id, use_rows.stripe_invoice_id) is not null
        and (invoices.id is null or (invoices.total_minor >= 0 and invoices.invoice_status <> 'draft'))
    group by coalesce(ledger.stripe_invoice_id, use_rows.stripe_invoice_id)
    having max(
        case
            when ledger.transaction_type in ('applied_to_invoice', 'checkout_session_subscription_payment') then 1
            else 0
        end
    ) = 1
),

stripe_sums as (
    select
        document_type,
        coalesce(currency, '(none)') as currency,
        count(*) as document_count,
        coalesce(sum(amount_minor), 0) as amount_minor
    from stripe_side
    group by document_type, coalesce(currency, '(none)')
),

state_sums as (
    select
        document_type,
        coalesce(currency, '(none)') as currency,
        count(*) as document_count,
        coalesce(sum(amount_minor), 0) as amount_minor
    from {{ ref('credit_outcomes') }}
    where state in ('skipped', 'waiting', 'blocked', 'ready', 'posted')
    group by document_type, coalesce(currency, '(none)')
)

select
    coalesce(stripe_sums.document_type, state_sums.document_type) || ' in '
    || upper(coalesce(stripe_sums.currency, state_sums.currency))
    || ': Stripe has ' || cast(coalesce(stripe_sums.document_count, 0) as varchar) || ' over '
    || cast(coalesce(stripe_sums.amount_minor, 0) as varchar)
    || ' minor units, the states of credit_outcomes hold '
    || cast(coalesce(state_sums.document_count, 0) as varchar) || ' over '
    || cast(coalesce(state_sums.amount_minor, 0) as varchar) || '.' as message
from stripe_sums
full outer join state_sums
    on stripe_sums.document_type = state_sums.document_type and stripe_sums.currency = state_sums.currency
where
    coalesce(stripe_sums.document_count, 0) <> coalesce(state_sums.document_count, 0)
    or coalesce(stripe_sums.amount_minor, 0) <> coalesce(state_sums.amount_minor, 0)
