with

last_months as (
    select
        stripe_customer_id,
        currency,
        max(accounting_month) as accounting_month
    from {{ ref('books_balance_months') }}
    group by stripe_customer_id, currency
),

final as (
    select
        months.stripe_customer_id,
        months.currency,
        months.accounting_month,
        months.transaction_count,
        months.opening_minor,
        months.granted_by_credit_notes_minor,
        months.granted_by_negative_invoices_minor,
        months.paid_in_minor,
        months.adjusted_minor,
        months.carried_minor,
        months.used_minor,
        months.closing_minor,
        last_months.accounting_month is not null as is_last_month,
        case
            when last_months.accounting_month is not null then -checks.ending_balance_minor
        end as stripe_balance_minor,
        checks.is_complete,
        currencies.stripe_exponent as currency_decimals
    from {{ ref('books_balance_months') }} as months
    inner join {{ ref('books_balance_checks') }} as checks
        on months.stripe_customer_id = checks.stripe_customer_id and months.currency = checks.currency
    left join last_months
        on
            months.stripe_customer_id = last_months.stripe_customer_id
            and months.currency = last_months.currency
            and months.accounting_month = last_months.accounting_month
    left join {{ ref('reference_currencies') }} as currencies on months.currency = currencies.currency
)

select * from final
