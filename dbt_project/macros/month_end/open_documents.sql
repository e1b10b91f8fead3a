{#-
    Body of mart open_documents_aging: the documents that wait or are blocked, with their age on the day of the last
    extract.

    outcomes    relation with the columns of mart credit_outcomes
-#}
{% macro open_documents(outcomes) -%}
with

aged as (
    select
        outcomes.*,
        runs.read_on as as_of_date,
        {{ days_between(accounting_date('outcomes.created_at'), 'runs.read_on') }} as age_days
    from {{ outcomes }} as outcomes
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
    case
        when aged.state = 'blocked' then 'a person'
        -- O3: what waits for NetSuite comes after what is blocked
        when reasons.reason_rank > ranks.blocked_rank then 'NetSuite'
        else 'Stripe'
    end as waits_for,
    aged.detail
from aged
inner join {{ ref('reference_outcome_reasons') }} as reasons on aged.reason = reasons.reason
cross join (
    select max(reason_rank) as blocked_rank from {{ ref('reference_outcome_reasons') }} where state = 'blocked'
) as ranks
left join {{ ref('reference_currencies') }} as currencies on aged.currency = currencies.currency
{%- endmacro %}
