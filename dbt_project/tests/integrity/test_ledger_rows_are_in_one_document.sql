-- Rule O2: per customer and currency, every ledger row that uses balance or gives it back (B1) is in exactly one credit
-- document: all of them, in every build. Left out are only rows on a negative invoice, on a draft, on an invoice to
-- which no row applies balance, and checkout sessions that come to zero (B9).
with

use_rows as (
    select
        ledger.balance_transaction_id,
        ledger.stripe_customer_id,
        ledger.currency,
        ledger.amount_minor,
        ledger.transaction_type in ('applied_to_invoice', 'checkout_session_subscription_payment') as applies_balance,
        coalesce(ledger.stripe_invoice_id, attributed.stripe_invoice_id) as stripe_invoice_id,
        case
            when coalesce(ledger.stripe_invoice_id, attributed.stripe_invoice_id) is null then attributed.document_id
            else {{ balance_use_id('coalesce(ledger.stripe_invoice_id, attributed.stripe_invoice_id)') }}
        end as document_id
    from {{ ref('parsed_stripe__customer_balance_transactions') }} as ledger
    left join {{ ref('books_attributed_uses') }} as attributed
        on ledger.balance_transaction_id = attributed.balance_transaction_id
    where
        ledger.transaction_type in (
            'applied_to_invoice', 'unapplied_from_invoice',
            'checkout_session_subscription_payment', 'checkout_session_subscription_payment_canceled'
        )
),

documents as (
    select
        document_id,
        stripe_invoice_id,
        sum(amount_minor) as amount_minor,
        max(case when applies_balance then 1 else 0 end) = 1 as is_applied
    from use_rows
    where document_id is not null
    group by document_id, stripe_invoice_id
),

left_out as (
    select documents.document_id
    from documents
    left join {{ ref('parsed_stripe__invoices') }} as invoices on documents.stripe_invoice_id = invoices.id
    where
        (documents.stripe_invoice_id is null and documents.amount_minor = 0)
        or (documents.stripe_invoice_id is not null and not documents.is_applied)
        or invoices.total_minor < 0
        or invoices.invoice_status = 'draft'
),

row_sums as (
    select
        use_rows.document_id,
        min(use_rows.balance_transaction_id) as balance_transaction_id,
        sum(use_rows.amount_minor) as amount_minor
    from use_rows
    where
        use_rows.document_id is null
        or use_rows.document_id not in (select left_out.document_id from left_out)
    group by use_rows.document_id
),

judged as (
    select
        case
            when outcomes.document_id is null
                then
                    'Ledger row ' || row_sums.balance_transaction_id || ' is in no credit document'
                    || coalesce(' (' || row_sums.document_id || ' is missing)', '') || '.'
            when coalesce(row_sums.amount_minor <> outcomes.amount_minor, true)
                then
                    'The ledger rows of ' || row_sums.document_id || ' come to '
                    || cast(row_sums.amount_minor as {{ text() }}) || ' minor units, its outcome holds '
                    || coalesce(cast(outcomes.amount_minor as {{ text() }}), 'nothing') || '.'
        end as message
    from row_sums
    left join {{ ref('credit_outcomes') }} as outcomes
        on row_sums.document_id = outcomes.document_id and outcomes.document_type = 'balance_use'
)

select message
from judged
where message is not null
