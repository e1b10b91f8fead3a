-- Rule O2: nothing is dropped silently. Per currency and kind, the credit documents that Stripe's objects ask for are
-- as many and come to as much as the outcomes do over all their states: all of them, in every build. The left side is
-- counted from staging alone.
with

-- B1, B9: rows by the invoice that they or their session name or were paired with; rows without one by their session
use_rows as (
    select
        ledger.amount_minor,
        ledger.currency,
        ledger.transaction_type in ('applied_to_invoice', 'checkout_session_subscription_payment') as applies_balance,
        coalesce(ledger.stripe_invoice_id, attributed.stripe_invoice_id) as stripe_invoice_id,
        coalesce(ledger.stripe_invoice_id, attributed.stripe_invoice_id, attributed.document_id) as use_key
    from {{ ref('parsed_stripe__customer_balance_transactions') }} as ledger
    left join {{ ref('books_attributed_uses') }} as attributed
        on ledger.balance_transaction_id = attributed.balance_transaction_id
    where
        ledger.transaction_type in (
            'applied_to_invoice', 'unapplied_from_invoice',
            'checkout_session_subscription_payment', 'checkout_session_subscription_payment_canceled'
        )
),

uses as (
    select
        use_rows.stripe_invoice_id,
        coalesce(min(invoices.currency), min(use_rows.currency)) as currency,
        sum(use_rows.amount_minor) as amount_minor,
        sum(case when use_rows.applies_balance then 0 else use_rows.amount_minor end) as given_back_minor,
        max(case when use_rows.applies_balance then 1 else 0 end) = 1 as is_applied,
        case
            -- a row that the books do not know has neither invoice nor session
            when use_rows.use_key is null then true
            when use_rows.stripe_invoice_id is null then sum(use_rows.amount_minor) <> 0
            else
                max(case when use_rows.applies_balance then 1 else 0 end) = 1
                and (
                    min(invoices.id) is null
                    or (
                        coalesce(min(invoices.total_minor), 0) >= 0
                        and coalesce(min(invoices.invoice_status), '') <> 'draft'
                    )
                )
        end as is_document
    from use_rows
    left join {{ ref('parsed_stripe__invoices') }} as invoices on use_rows.stripe_invoice_id = invoices.id
    group by use_rows.use_key, use_rows.stripe_invoice_id
),

carried as (
    select
        stripe_invoice_id,
        sum(amount_minor) as amount_minor
    from {{ ref('parsed_stripe__customer_balance_transactions') }}
    where transaction_type in ('invoice_too_small', 'invoice_too_large')
    group by stripe_invoice_id
),

credited as (
    select
        stripe_invoice_id,
        sum(case
            when {{ field('note.status') }} = 'issued' then {{ field('note.pre_payment_amount', 'bigint') }} else 0
        end) as amount_minor,
        sum(case when coalesce({{ field('note.status') }}, '') not in ('issued', 'void') then 1 else 0 end)
            as unknown_count
    from {{ ref('parsed_stripe__credit_notes') }}
    group by stripe_invoice_id
),

-- B8: what an invoice lacks to which no row applies balance
proved_uses as (
    select
        invoices.currency,
        invoices.total_minor - invoices.amount_due_minor - coalesce(carried.amount_minor, 0)
        - coalesce(uses.amount_minor, 0)
        -- O5: what notes of unknown status took is known from the invoice's own sum alone
        - case
            when coalesce(credited.unknown_count, 0) = 0 then coalesce(credited.amount_minor, 0)
            else greatest(credited.amount_minor, coalesce(invoices.pre_payment_credit_notes_minor, 0))
        end as lacking_minor,
        coalesce(uses.given_back_minor, 0) as given_back_minor
    from {{ ref('parsed_stripe__invoices') }} as invoices
    left join uses on invoices.id = uses.stripe_invoice_id
    left join carried on invoices.id = carried.stripe_invoice_id
    left join credited on invoices.id = credited.stripe_invoice_id
    where
        invoices.total_minor >= 0
        and coalesce(invoices.invoice_status, '') not in ('draft', 'void')
        and not coalesce(uses.is_applied, false)
),

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
    where total_minor < 0 and coalesce(invoice_status, '') <> 'draft'

    union all

    select
        'balance_use' as document_type,
        lower(currency) as currency,
        amount_minor
    from uses
    where is_document

    union all

    select
        'balance_use' as document_type,
        lower(currency) as currency,
        lacking_minor + given_back_minor as amount_minor
    from proved_uses
    where lacking_minor > 0 and lacking_minor + given_back_minor > 0
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
    || ': Stripe has ' || cast(coalesce(stripe_sums.document_count, 0) as {{ text() }}) || ' over '
    || cast(coalesce(stripe_sums.amount_minor, 0) as {{ text() }})
    || ' minor units, the states of credit_outcomes hold '
    || cast(coalesce(state_sums.document_count, 0) as {{ text() }}) || ' over '
    || cast(coalesce(state_sums.amount_minor, 0) as {{ text() }}) || '.' as message
from stripe_sums
full outer join state_sums
    on stripe_sums.document_type = state_sums.document_type and stripe_sums.currency = state_sums.currency
where
    coalesce(stripe_sums.document_count, 0) <> coalesce(state_sums.document_count, 0)
    or coalesce(stripe_sums.amount_minor, 0) <> coalesce(state_sums.amount_minor, 0)
