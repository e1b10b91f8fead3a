-- One row per use of customer balance: a finalized invoice with total >= 0 and at least one row that applies balance to
-- it (rule B1), one whose arithmetic alone proves a use (B8), and a checkout session without an invoice (B9).
-- Positive = credit consumed, negative = a debit collected.
with

uses as (
    select
        document_id,
        stripe_invoice_id,
        sum(amount_minor) as used_minor,
        min(case when movement = 'use' or is_without_invoice then created_at end) as first_applied_at,
        max(case when amount_minor > 0 then chain_position end) as last_use_position,
        min(stripe_customer_id) as ledger_customer_id,
        min(currency) as ledger_currency
    from {{ ref('int_balance_use_rows') }}
    where stripe_invoice_id is not null or is_without_invoice
    group by document_id, stripe_invoice_id
    having count(case when movement = 'use' or is_without_invoice then 1 end) > 0
),

paired as (
    select
        stripe_invoice_id,
        sum(amount_minor) as paired_minor
    from {{ ref('int_balance_use_rows') }}
    where is_paired
    group by stripe_invoice_id
),

proved as (
    select
        arithmetic.stripe_invoice_id,
        -- what is given back of a use that no row shows was used first
        arithmetic.lacking_minor + arithmetic.given_back_minor as used_minor,
        arithmetic.finalized_at as first_applied_at
    from {{ ref('int_invoice_arithmetic') }} as arithmetic
    left join paired on arithmetic.stripe_invoice_id = paired.stripe_invoice_id
    left join uses on arithmetic.stripe_invoice_id = uses.stripe_invoice_id
    where
        arithmetic.lacking_minor > 0
        and arithmetic.lacking_minor + arithmetic.given_back_minor > 0
        and paired.stripe_invoice_id is null
        and uses.stripe_invoice_id is null
),

all_uses as (
    select
        document_id,
        stripe_invoice_id,
        used_minor,
        first_applied_at,
        last_use_position,
        ledger_customer_id,
        ledger_currency,
        case when stripe_invoice_id is null then 'session' else 'invoice' end as shown_by
    from uses

    union all

    select
        {{ balance_use_id('stripe_invoice_id') }} as document_id,
        stripe_invoice_id,
        used_minor,
        first_applied_at,
        cast(null as bigint) as last_use_position,
        cast(null as {{ text() }}) as ledger_customer_id,
        cast(null as {{ text() }}) as ledger_currency,
        'arithmetic' as shown_by
    from proved
),

final as (
    select
        all_uses.document_id,
        all_uses.stripe_invoice_id,
        -- X1: a landed invoice says itself whose it is
        case
            when invoices.stripe_invoice_id is null then all_uses.ledger_customer_id
            else invoices.stripe_customer_id
        end as stripe_customer_id,
        coalesce(invoices.currency, all_uses.ledger_currency) as currency,
        invoices.stripe_invoice_id is not null as is_invoice_known,
        invoices.invoice_status,
        invoices.total_minor,
        all_uses.used_minor,
        all_uses.first_applied_at,
        all_uses.last_use_position,
        all_uses.shown_by,
        -- B3: an uncollectible invoice that counts as paid (C2) goes by the day it was given up
        coalesce(
            case when invoices.invoice_status = 'uncollectible' then invoices.marked_uncollectible_at end,
            invoices.paid_at, invoices.marked_uncollectible_at, all_uses.first_applied_at
        ) as paid_at
    from all_uses
    left join {{ ref('stg_stripe__invoices') }} as invoices on all_uses.stripe_invoice_id = invoices.stripe_invoice_id
    -- a use of an invoice that was not landed is a document, and blocked (B6)
    where
        invoices.stripe_invoice_id is null
        or (coalesce(invoices.total_minor, 0) >= 0 and coalesce(invoices.invoice_status, '') <> 'draft')
)

select * from final
