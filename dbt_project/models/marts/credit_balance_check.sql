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

last_rows as (
    select
        ledger_rows.stripe_customer_id,
        lower(ledger_rows.currency) as currency,
        ledger_rows.ending_balance_minor
    from {{ ref('int_balance_ledger') }} as ledger_rows
    inner join ledger
        on
            ledger_rows.stripe_customer_id = ledger.stripe_customer_id
            and lower(ledger_rows.currency) = ledger.currency
            and ledger_rows.chain_position = ledger.last_position
),

uses as (
    select
        stripe_customer_id,
        currency,
        cast(sum(case when amount_minor > 0 then amount_minor else 0 end) as bigint) as used_minor,
        cast(sum(case when state = 'posted' then amount_minor else 0 end) as bigint) as posted_minor
    from {{ ref('credit_outcomes') }}
    where document_type = 'balance_use'
    group by stripe_customer_id, currency
),

taxes as (
    select
        taxes.stripe_customer_id,
        lower(taxes.currency) as currency,
        cast(sum(taxes.tax_not_reversed_minor) as bigint) as tax_not_reversed_minor
    from {{ ref('int_balance_tax_not_reversed') }} as taxes
    inner join {{ ref('credit_outcomes') }} as outcomes on taxes.document_id = outcomes.document_id
    where outcomes.state <> 'skipped'
    group by taxes.stripe_customer_id, lower(taxes.currency)
),

final as (
    select
        ledger.stripe_customer_id,
        ledger.currency,
        ledger.transaction_count,
        ledger.credited_minor,
        ledger.debited_minor,
        ledger.balance_minor,
        last_rows.ending_balance_minor,
        case when lower(customers.default_currency) = ledger.currency then customers.balance_minor end as customer_balance_minor,
        coalesce(uses.used_minor, 0) as used_minor,
        coalesce(uses.posted_minor, 0) as posted_minor,
        coalesce(taxes.tax_not_reversed_minor, 0) as tax_not_reversed_minor,
        gaps.gap_count is null as is_complete,
        coalesce(gaps.gap_count, 0) as gap_count,
        gaps.first_gap
    from ledger
    left join last_rows on ledger.stripe_customer_id = last_rows.stripe_customer_id and ledger.currency = last_rows.currency
    left join uses on ledger.stripe_customer_id = uses.stripe_customer_id and ledger.currency = uses.currency
    left join taxes on ledger.stripe_customer_id = taxes.stripe_customer_id and ledger.currency = taxes.currency
    left join {{ ref('int_balance_gaps') }} as gaps
        on ledger.stripe_customer_id = gaps.stripe_customer_id and ledger.currency = lower(gaps.currency)
    left join {{ ref('stg_stripe__customers') }} as customers on ledger.stripe_customer_id = customers.stripe_customer_id
)

select * from final
