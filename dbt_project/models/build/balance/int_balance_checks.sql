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
),

uses as (
    select
        stripe_customer_id,
        lower(currency) as currency,
        cast(sum(case when shown_by = 'session' then used_minor else 0 end) as bigint) as unattributed_minor
    from {{ ref('int_balance_uses') }}
    where stripe_customer_id is not null
    group by stripe_customer_id, lower(currency)
),

-- every customer and currency with ledger rows or a use
keys as (
    select stripe_customer_id, currency from ledger
    union
    select stripe_customer_id, currency from uses
)

select
    keys.stripe_customer_id,
    keys.currency,
    coalesce(ledger.transaction_count, 0) as transaction_count,
    coalesce(ledger.credited_minor, 0) as credited_minor,
    coalesce(ledger.debited_minor, 0) as debited_minor,
    coalesce(ledger.balance_minor, 0) as balance_minor,
    last_rows.ending_balance_minor,
    case
        when lower(customers.default_currency) = keys.currency then customers.balance_minor
    end as customer_balance_minor,
    gaps.gap_count is null as is_complete,
    coalesce(gaps.gap_count, 0) as gap_count,
    gaps.first_gap,
    coalesce(uses.unattributed_minor, 0) as unattributed_minor
from keys
left join ledger on keys.stripe_customer_id = ledger.stripe_customer_id and keys.currency = ledger.currency
left join uses on keys.stripe_customer_id = uses.stripe_customer_id and keys.currency = uses.currency
left join {{ ref('int_balance_ledger') }} as last_rows
    on
        keys.stripe_customer_id = last_rows.stripe_customer_id
        and keys.currency = lower(last_rows.currency)
        and ledger.last_position = last_rows.chain_position
left join {{ ref('int_balance_gaps') }} as gaps
    on keys.stripe_customer_id = gaps.stripe_customer_id and keys.currency = lower(gaps.currency)
left join {{ ref('stg_stripe__customers') }} as customers on keys.stripe_customer_id = customers.stripe_customer_id
