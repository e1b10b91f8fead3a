-- Which credit each use consumed, oldest first (rules B5, B7). Stripe's ledger does not say; first in, first out is our choice.
-- Credits and what was taken from them are laid end to end; where two stretches overlap, that credit paid that use.
with

ledger as (
    select
        ledger.balance_transaction_id,
        ledger.stripe_customer_id,
        ledger.currency,
        ledger.chain_position,
        ledger.transaction_type,
        ledger.amount_minor,
        ledger.credit_note_id,
        case
            when use_rows.balance_transaction_id is null then null
            when invoices.total_minor < 0 then null
            else coalesce(use_rows.stripe_invoice_id, ledger.stripe_invoice_id)
        end as used_on_invoice_id,
        ledger.stripe_invoice_id
    from {{ ref('int_balance_ledger') }} as ledger
    left join {{ ref('int_balance_use_rows') }} as use_rows
        on ledger.balance_transaction_id = use_rows.balance_transaction_id
    left join {{ ref('stg_stripe__invoices') }} as invoices
        on ledger.stripe_invoice_id = invoices.stripe_invoice_id
),

-- the rows of one invoice count net, at the place of its last use; every other row counts by itself
movements as (
    select
        stripe_customer_id,
        currency,
        coalesce(used_on_invoice_id, balance_transaction_id) as movement_id,
        max(used_on_invoice_id) as used_on_invoice_id,
        max(chain_position) as chain_position,
        max(case when used_on_invoice_id is null then transaction_type end) as transaction_type,
        max(case when used_on_invoice_id is null then credit_note_id end) as credit_note_id,
        max(case when used_on_invoice_id is null then stripe_invoice_id end) as stripe_invoice_id,
        sum(amount_minor) as amount_minor
    from ledger
    group by stripe_customer_id, currency, coalesce(used_on_invoice_id, balance_transaction_id)
),

credits as (
    select
        movements.*,
        -amount_minor as credit_minor,
        sum(-amount_minor) over (
            partition by stripe_customer_id, currency order by chain_position rows between unbounded preceding and current row
        ) as credit_end
    from movements
    where amount_minor < 0
),

debits as (
    select
        movements.*,
        sum(amount_minor) over (
            partition by stripe_customer_id, currency order by chain_position rows between unbounded preceding and current row
        ) as debit_end
    from movements
    where amount_minor > 0
)

select
    debits.used_on_invoice_id || '_balance' as document_id,
    credits.stripe_customer_id,
    credits.currency,
    credits.movement_id as credit_id,
    credits.transaction_type as credit_type,
    credits.credit_note_id,
    credits.stripe_invoice_id,
    cast(credits.credit_minor as bigint) as credit_minor,
    -- the stretch of the credit that was used, counted from the credit's own beginning
    cast(case when debits.debit_end - debits.amount_minor > credits.credit_end - credits.credit_minor
        then debits.debit_end - debits.amount_minor - (credits.credit_end - credits.credit_minor) else 0 end as bigint) as used_from_minor,
    cast(case when debits.debit_end < credits.credit_end
        then debits.debit_end - (credits.credit_end - credits.credit_minor) else credits.credit_minor end as bigint) as used_to_minor
from debits
inner join credits
    on
        debits.stripe_customer_id = credits.stripe_customer_id
        and debits.currency = credits.currency
        and debits.debit_end > credits.credit_end - credits.credit_minor
        and debits.debit_end - debits.amount_minor < credits.credit_end
where debits.used_on_invoice_id is not null
