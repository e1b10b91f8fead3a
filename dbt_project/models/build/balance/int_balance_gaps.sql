-- Customers and currencies whose ledger lacks a row: the chain or the arithmetic of an invoice is broken (rule B6), or
-- a checkout session has no invoice (B9). A session without an invoice blocks no other document.
with

chain_gaps as (
    select
        ledger.stripe_customer_id,
        ledger.currency,
        'the row before ' || ledger.balance_transaction_id || ' is missing (the balance was '
        || {{ money_text('ledger.previous_balance_minor', 'currencies.stripe_exponent', 'ledger.currency') }}
        || ', the row starts from ' || coalesce(
            {{ money_text('ledger.starting_balance_minor', 'currencies.stripe_exponent', 'ledger.currency') }},
            'an unknown balance'
        ) || ')' as gap,
        true as blocks_uses
    from {{ ref('int_balance_ledger') }} as ledger
    left join {{ ref('reference_currencies') }} as currencies on lower(ledger.currency) = currencies.currency
    where ledger.is_after_gap
),

paired as (
    select
        stripe_invoice_id,
        sum(amount_minor) as paired_minor
    from {{ ref('int_balance_use_rows') }}
    where is_paired
    group by stripe_invoice_id
),

invoice_gaps as (
    select
        arithmetic.stripe_customer_id,
        arithmetic.currency,
        'invoice ' || arithmetic.stripe_invoice_id || ' lacks '
        || coalesce(
            {{ money_text(
                '(arithmetic.lacking_minor - coalesce(paired.paired_minor, 0))', 'currencies.stripe_exponent',
                'arithmetic.currency',
            ) }},
            'an unknown amount'
        )
        || ' between its total and its amount due' as gap,
        true as blocks_uses
    from {{ ref('int_invoice_arithmetic') }} as arithmetic
    left join paired on arithmetic.stripe_invoice_id = paired.stripe_invoice_id
    left join {{ ref('reference_currencies') }} as currencies on lower(arithmetic.currency) = currencies.currency
    where coalesce(arithmetic.lacking_minor - coalesce(paired.paired_minor, 0), 1) <> 0
),

unknown_invoices as (
    select distinct
        use_rows.stripe_customer_id,
        use_rows.currency,
        'invoice ' || use_rows.stripe_invoice_id || ' was not read from Stripe' as gap,
        true as blocks_uses
    from {{ ref('int_balance_use_rows') }} as use_rows
    left join {{ ref('stg_stripe__invoices') }} as invoices on use_rows.stripe_invoice_id = invoices.stripe_invoice_id
    where use_rows.stripe_invoice_id is not null and invoices.stripe_invoice_id is null
),

sessions as (
    select
        stripe_customer_id,
        currency,
        'no invoice is known for the checkout rows of ' || document_id as gap,
        false as blocks_uses
    from {{ ref('int_balance_uses') }}
    where shown_by = 'session'
),

gaps as (
    select * from chain_gaps
    union all
    select * from invoice_gaps
    union all
    select * from unknown_invoices
    union all
    select * from sessions
)

select
    stripe_customer_id,
    currency,
    count(*) as gap_count,
    min(gap) as first_gap,
    min(case when blocks_uses then gap end) as first_blocking_gap
from gaps
-- an invoice without any customer blocks no other document (B8)
where stripe_customer_id is not null
group by stripe_customer_id, currency
