-- Rule X4: the day and period under which a record of a given day can be posted: its own day when its period is open,
-- otherwise the next open day. One row per calendar day that a record has.
with

wanted as (
    select transaction_date from {{ ref('int_credit_documents') }} where transaction_date is not null
    union
    select refund_date as transaction_date from {{ ref('int_refund_links') }} where refund_date is not null
),

own_period as (
    select
        wanted.transaction_date,
        min(periods.netsuite_posting_period_id) as netsuite_posting_period_id
    from wanted
    inner join {{ ref('parsed_netsuite__accounting_periods') }} as periods
        on wanted.transaction_date between periods.starts_on and periods.ends_on and periods.is_open
    group by wanted.transaction_date
),

next_open_days as (
    select
        wanted.transaction_date,
        min(periods.starts_on) as next_open_on
    from wanted
    inner join {{ ref('parsed_netsuite__accounting_periods') }} as periods
        on wanted.transaction_date < periods.starts_on and periods.is_open
    group by wanted.transaction_date
),

next_period as (
    select
        next_open_days.transaction_date,
        next_open_days.next_open_on,
        min(periods.netsuite_posting_period_id) as netsuite_posting_period_id
    from next_open_days
    inner join {{ ref('parsed_netsuite__accounting_periods') }} as periods
        on next_open_days.next_open_on = periods.starts_on and periods.is_open
    group by next_open_days.transaction_date, next_open_days.next_open_on
)

select
    wanted.transaction_date,
    own_period.transaction_date is not null as is_open,
{%- if var('closed_period') == 'first_open_day' %}
case
    when own_period.transaction_date is not null then wanted.transaction_date
    else next_period.next_open_on
end as tran_date,
coalesce(own_period.netsuite_posting_period_id, next_period.netsuite_posting_period_id)
    as netsuite_posting_period_id,
own_period.transaction_date is null and next_period.transaction_date is not null as is_moved
{%- else %}
    case when own_period.transaction_date is not null then wanted.transaction_date end as tran_date,
    own_period.netsuite_posting_period_id,
    false as is_moved
{%- endif %}
from wanted
left join own_period on wanted.transaction_date = own_period.transaction_date
left join next_period on wanted.transaction_date = next_period.transaction_date
