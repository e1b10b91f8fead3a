-- Rule B6 per customer and currency: the sum of the ledger's rows, its last balance, and whether a row is missing.
with

ledger as (
    select
        stripe_customer_id,
        lower(currency) as currency,
        count(*) as transaction_count,
        cast(sum(case when amount_minor < 0 then -amount_minor else 0 end) as bigint) as credited_minor,
        cast(sum(case when amount_minor > 0 then amount_minor else 0 end) as bigint) as debited_minor,
        cast(sum(amount_minor) as bigint) as balance_minor,
        max(chain_position) as last_position
    from {{ ref('int_balance_ledger') }}
    group by stripe_customer_id, lower(currency)
)

select
    ledger.stripe_customer_id,
    ledger.currency,
    ledger.transaction_count,
    ledger.credited_minor,
    ledger.debited_minor,
    ledger.balance_minor,
    last_rows.ending_balance_minor,
    case
        when lower(customers.default_currency) = ledger.currency then customers.balance_minor
    end as customer_balance_minor,
    gaps.gap_count is null as is_complete,
    coalesce(gaps.gap_count, 0) as gap_count,
    gaps.first_gap
from ledger
left join {{ ref('int_balance_ledger') }} as last_rows
    on
        ledger.stripe_customer_id = last_rows.stripe_customer_id
        and ledger.currency = lower(last_rows.currency)
        and ledger.last_position = last_rows.chain_position
left join {{ ref('int_balance_gaps') }} as gaps
    on ledger.stripe_customer_id = gaps.stripe_customer_id and ledger.currency = lower(gaps.currency)
left join {{ ref('stg_stripe__customers') }} as customers on ledger.stripe_customer_id = customers.stripe_customer_id
