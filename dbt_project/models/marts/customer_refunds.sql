with

refunds as (
    select * from {{ ref('kept_customer_refunds') }}
),

records as (
    select * from {{ ref('stg_load_netsuite__records') }} where record_type = 'customerRefund'
),

posted_values as (
    select * from {{ ref('stg_load_netsuite__posted_values') }} where record_type = 'customerRefund'
),

applications as (
    select
        target_external_id,
        sum(case when state in ('ready', 'posted') then amount_minor else 0 end) as amount_minor,
        sum(case when state = 'ready' then 1 else 0 end) as ready_count,
        min(case when state not in ('ready', 'posted') then reason end) as other_reason,
        min(case when state not in ('ready', 'posted') then detail end) as other_detail
    from {{ ref('credit_memo_applications') }}
    where application_type = 'customer_refund'
    group by target_external_id
),

judged as (
    select
        refunds.*,
        records.netsuite_internal_id,
        records.rejection,
        records.difference,
        coalesce(posted_values.tran_date, refunds.tran_date) as shown_tran_date,
        coalesce(posted_values.memo_text, refunds.memo_text) as shown_memo_text,
        cast(applications.amount_minor as bigint) as amount_minor,
        applications.other_detail,
        case
            when coalesce(records.is_posted, false) and refunds.reason = 'refund_failed' then 'refund_failed'
            when coalesce(records.is_posted, false) and records.is_different then 'netsuite_differs'
            when coalesce(records.is_posted, false) then records.posted_reason
            when refunds.reason <> 'ready' then refunds.reason
            when applications.ready_count > 0 then 'ready'
            else applications.other_reason
        end as shown_reason
    from refunds
    inner join applications on refunds.stripe_refund_id = applications.target_external_id
    left join records on refunds.stripe_refund_id = records.external_id
    left join posted_values on refunds.stripe_refund_id = posted_values.external_id
),

final as (
    select
        judged.stripe_refund_id as external_id,
        judged.stripe_refund_id,
        judged.netsuite_customer_id,
        judged.currency,
        judged.netsuite_currency_id,
        judged.netsuite_precision as netsuite_currency_precision,
        judged.netsuite_account_id,
        judged.netsuite_receivables_account_id,
        judged.netsuite_subsidiary_id,
        judged.netsuite_posting_period_id,
        judged.shown_tran_date as tran_date,
        judged.shown_memo_text as memo_text,
        judged.amount_minor,
        {{ major_units('judged.amount_minor', 'judged.stripe_exponent') }} as amount,
        judged.linked_minor as linked_amount_minor,
        reasons.state,
        judged.shown_reason as reason,
        case
            when judged.shown_reason in ('created', 'adopted') then 'Customer refund ' || judged.netsuite_internal_id || ' in NetSuite.'
            when judged.shown_reason = 'ready' then 'The next push posts it.'
            when judged.shown_reason = 'netsuite_differs' and judged.difference is not null then judged.difference
            when judged.shown_reason = 'refund_failed' and judged.netsuite_internal_id is not null
                then 'Reverse customer refund ' || judged.netsuite_internal_id || ' in NetSuite by hand: ' || judged.detail
            when judged.reason <> 'ready' then judged.detail
            else judged.other_detail
        end as detail,
        judged.netsuite_internal_id
    from judged
    inner join {{ ref('int_outcome_reasons') }} as reasons on judged.shown_reason = reasons.reason
)

select * from final
