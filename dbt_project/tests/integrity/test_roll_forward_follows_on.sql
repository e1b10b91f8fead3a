-- Month-end: each month of a customer's credit opens as the one before it closed and closes at the sum of its columns;
-- the last one closes at Stripe's balance where no gap was found (rules B1, B6).
with

months as (
    select
        months.*,
        opening_minor + granted_by_credit_notes_minor + granted_by_negative_invoices_minor + paid_in_minor
        + adjusted_minor + carried_minor + used_minor as summed_minor,
        coalesce(
            lag(closing_minor) over (partition by stripe_customer_id, currency order by accounting_month), 0
        ) as closed_before_minor,
        lead(accounting_month) over (partition by stripe_customer_id, currency order by accounting_month)
            as next_month
    from {{ ref('int_balance_months') }} as months
)

select
    'The credit of ' || months.stripe_customer_id || ' in ' || upper(months.currency) || ' opens '
    || cast(months.accounting_month as {{ text() }}) || ' at ' || cast(months.opening_minor as {{ text() }})
    || ' minor units after it closed at ' || cast(months.closed_before_minor as {{ text() }}) || ', comes to '
    || cast(months.summed_minor as {{ text() }}) || ' and closes at ' || cast(months.closing_minor as {{ text() }})
    || '.'
        as message
from months
where months.opening_minor <> months.closed_before_minor or months.summed_minor <> months.closing_minor

union all

select
    'The credit of ' || months.stripe_customer_id || ' in ' || upper(months.currency) || ' closes at '
    || cast(months.closing_minor as {{ text() }}) || ' minor units, Stripe''s ledger ends at '
    || coalesce(cast(-checks.ending_balance_minor as {{ text() }}), 'nothing') || ', though no gap was found.'
        as message
from months
inner join {{ ref('int_balance_checks') }} as checks
    on months.stripe_customer_id = checks.stripe_customer_id and months.currency = checks.currency
where
    months.next_month is null
    and checks.is_complete
    and coalesce(months.closing_minor <> -checks.ending_balance_minor, true)
