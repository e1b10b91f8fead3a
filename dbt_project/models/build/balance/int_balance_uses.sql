-- One row per use of customer balance: a finalized invoice with total >= 0 and at least one row that applies balance to
-- it (rule B1). Positive = credit consumed, negative = a debit collected.
with

uses as (
    select
        stripe_invoice_id,
        sum(amount_minor) as used_minor,
        min(case when movement = 'use' then created_at end) as first_applied_at,
        max(case when amount_minor > 0 then chain_position end) as last_use_position,
        min(stripe_customer_id) as ledger_customer_id,
        min(currency) as ledger_currency
    from {{ ref('int_balance_use_rows') }}
    where stripe_invoice_id is not null
    group by stripe_invoice_id
    having count(case when movement = 'use' then 1 end) > 0
),

final as (
    select
        {{ balance_use_id('uses.stripe_invoice_id') }} as document_id,
        uses.stripe_invoice_id,
        coalesce(invoices.stripe_customer_id, uses.ledger_customer_id) as stripe_customer_id,
        coalesce(invoices.currency, uses.ledger_currency) as currency,
        invoices.invoice_status,
        invoices.total_minor,
        uses.used_minor,
        uses.first_applied_at,
        uses.last_use_position,
        -- an uncollectible invoice that counts as paid (C2) was never paid
        coalesce(invoices.paid_at, invoices.marked_uncollectible_at, uses.first_applied_at) as paid_at
    from uses
    left join {{ ref('stg_stripe__invoices') }} as invoices on uses.stripe_invoice_id = invoices.stripe_invoice_id
    -- a use of an invoice that was not landed is a document, and blocked (B6)
    where invoices.stripe_invoice_id is null or (invoices.total_minor >= 0 and invoices.invoice_status <> 'draft')
)

select * from final
