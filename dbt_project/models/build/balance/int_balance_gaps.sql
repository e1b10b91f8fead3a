-- Customers and currencies whose ledger lacks a row (rule B6): the chain or the arithmetic of an invoice is broken.
with

chain_gaps as (
    select
        stripe_customer_id,
        currency,
        'the row before ' || balance_transaction_id || ' is missing (the balance was '
        || cast(previous_balance_minor as varchar)
        || ', the row starts from ' || coalesce(cast(starting_balance_minor as varchar), 'nothing')
        || ', in minor units)' as gap
    from {{ ref('int_balance_ledger') }}
    where is_after_gap
),

attributed as (
    select
        stripe_invoice_id,
        sum(amount_minor) as attributed_minor
    from {{ ref('int_balance_use_rows') }}
    where is_attributed and stripe_invoice_id is not null
    group by stripe_invoice_id
),

invoice_gaps as (
    select
        arithmetic.stripe_customer_id,
        arithmetic.currency,
        'invoice ' || arithmetic.stripe_invoice_id || ' lacks '
        || coalesce(
            cast(arithmetic.lacking_minor - coalesce(attributed.attributed_minor, 0) as varchar), 'an unknown amount'
        )
        || ' (minor units) between its total and its amount due' as gap
    from {{ ref('int_invoice_arithmetic') }} as arithmetic
    left join attributed on arithmetic.stripe_invoice_id = attributed.stripe_invoice_id
    where
        arithmetic.invoice_status <> 'void'
        and coalesce(arithmetic.lacking_minor - coalesce(attributed.attributed_minor, 0), 1) <> 0
),

unknown_invoices as (
    select
        uses.stripe_customer_id,
        uses.currency,
        'invoice ' || uses.stripe_invoice_id || ' was not read from Stripe' as gap
    from {{ ref('int_balance_uses') }} as uses
    where uses.invoice_status is null
),

gaps as (
    select * from chain_gaps
    union all
    select * from invoice_gaps
    union all
    select * from unknown_invoices
)

select
    stripe_customer_id,
    currency,
    count(*) as gap_count,
    min(gap) as first_gap
from gaps
group by stripe_customer_id, currency
