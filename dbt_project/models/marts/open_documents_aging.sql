with

aged as (
    select
        outcomes.*,
        runs.read_on as as_of_date,
        {{ days_between(accounting_date('outcomes.created_at'), 'runs.read_on') }} as age_days
    from {{ ref('credit_outcomes') }} as outcomes
    cross join (
        {{ last_read_on() | indent(4) }}
    ) as runs
    where outcomes.state in ('waiting', 'blocked')
)

select
    aged.document_id,
    aged.document_type,
    aged.stripe_customer_id,
    aged.stripe_invoice_id,
    aged.currency,
    currencies.stripe_exponent as currency_decimals,
    aged.amount_minor,
    {{ major_units('aged.amount_minor', 'currencies.stripe_exponent') }} as amount,
    aged.created_at,
    aged.as_of_date,
    aged.age_days,
    case
        when aged.age_days <= 30 then '0-30'
        when aged.age_days <= 60 then '31-60'
        when aged.age_days <= 90 then '61-90'
        when aged.age_days > 90 then 'over 90'
        when aged.age_days is null then 'not known'
    end as age_bucket,
    aged.state,
    aged.reason,
    reasons.who_acts,
    reasons.next_step,
    aged.detail
from aged
inner join {{ ref('reference_outcome_reasons') }} as reasons on aged.reason = reasons.reason
left join {{ ref('reference_currencies') }} as currencies on aged.currency = currencies.currency
