with

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
    from {{ ref('books_balance_tax_not_reversed') }} as taxes
    inner join {{ ref('credit_outcomes') }} as outcomes on taxes.document_id = outcomes.document_id
    where outcomes.state <> 'skipped'
    group by taxes.stripe_customer_id, lower(taxes.currency)
),

final as (
    select
        checks.stripe_customer_id,
        checks.currency,
        checks.transaction_count,
        checks.credited_minor,
        checks.debited_minor,
        checks.balance_minor,
        checks.ending_balance_minor,
        checks.customer_balance_minor,
        coalesce(uses.used_minor, 0) as used_minor,
        coalesce(uses.posted_minor, 0) as posted_minor,
        coalesce(taxes.tax_not_reversed_minor, 0) as tax_not_reversed_minor,
        checks.is_complete,
        checks.gap_count,
        checks.first_gap,
        checks.unattributed_minor
    from {{ ref('books_balance_checks') }} as checks
    left join uses on checks.stripe_customer_id = uses.stripe_customer_id and checks.currency = uses.currency
    left join taxes on checks.stripe_customer_id = taxes.stripe_customer_id and checks.currency = taxes.currency
)

select * from final
