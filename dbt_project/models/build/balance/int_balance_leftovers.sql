-- Rule B4: which uses took what was left of an earlier credit. Leftover = between the credit's arrival and this use the
-- customer already used some (net), or credit is left after this use.
with

ledger as (
    select
        ledger.stripe_customer_id,
        ledger.currency,
        ledger.chain_position,
        ledger.amount_minor,
        ledger.ending_balance_minor,
        coalesce(use_rows.stripe_invoice_id, ledger.stripe_invoice_id) as stripe_invoice_id,
        -- a negative use is a debit collected, or the credit of a negative invoice
        case
            when ledger.movement = 'use' and ledger.amount_minor > 0 then ledger.amount_minor
            when ledger.movement = 'give_back' and ledger.amount_minor < 0 then ledger.amount_minor
            else 0
        end as used_minor,
        -- rows that add credit, a negative invoice's included
        ledger.amount_minor < 0
        and ledger.movement <> 'give_back'
        and (ledger.movement <> 'use' or coalesce(invoices.total_minor < 0, false)) as is_credit_arrival
    from {{ ref('int_balance_ledger') }} as ledger
    left join {{ ref('int_balance_use_rows') }} as use_rows
        on ledger.balance_transaction_id = use_rows.balance_transaction_id
    left join {{ ref('stg_stripe__invoices') }} as invoices
        on ledger.stripe_invoice_id = invoices.stripe_invoice_id
),

running as (
    select
        ledger.*,
        sum(used_minor) over (
            partition by stripe_customer_id, currency
            order by chain_position rows between unbounded preceding and current row
        ) as used_so_far_minor,
        coalesce(max(case when is_credit_arrival then chain_position end) over (
            partition by stripe_customer_id, currency
            order by chain_position rows between unbounded preceding and current row
        ), 0) as arrival_position
    from ledger
),

use_positions as (
    select
        uses.document_id,
        uses.stripe_invoice_id,
        running.stripe_customer_id,
        running.currency,
        running.chain_position,
        running.arrival_position,
        running.ending_balance_minor,
        running.used_so_far_minor - running.used_minor as used_before_minor
    from {{ ref('int_balance_uses') }} as uses
    inner join running
        on
            uses.stripe_customer_id = running.stripe_customer_id
            and uses.currency = running.currency
            and uses.last_use_position = running.chain_position
),

-- what the same invoice took or gave back in between is not an earlier use
own_rows as (
    select
        use_positions.document_id,
        sum(running.used_minor) as used_minor
    from use_positions
    inner join running
        on
            use_positions.stripe_customer_id = running.stripe_customer_id
            and use_positions.currency = running.currency
            and use_positions.stripe_invoice_id = running.stripe_invoice_id
    where
        running.chain_position > use_positions.arrival_position
        and running.chain_position < use_positions.chain_position
    group by use_positions.document_id
),

since_arrival as (
    select
        use_positions.document_id,
        use_positions.ending_balance_minor,
        use_positions.used_before_minor - coalesce(arrival.used_so_far_minor, 0) - coalesce(own_rows.used_minor, 0)
            as used_since_arrival_minor
    from use_positions
    left join running as arrival
        on
            use_positions.stripe_customer_id = arrival.stripe_customer_id
            and use_positions.currency = arrival.currency
            and use_positions.arrival_position = arrival.chain_position
    left join own_rows on use_positions.document_id = own_rows.document_id
)

select
    document_id,
    used_since_arrival_minor,
    ending_balance_minor,
    used_since_arrival_minor > 0 or ending_balance_minor < 0 as is_leftover
from since_arrival
