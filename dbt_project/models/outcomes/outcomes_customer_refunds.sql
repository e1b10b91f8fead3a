-- The outcome of each customer refund, with the sum of its applications (rules R1-R3, O3).
with

records as (
    select * from {{ ref('outcomes_records') }} where record_type = 'customerRefund'
),

posted_values as (
    select * from {{ ref('outcomes_posted_values') }} where record_type = 'customerRefund'
),

application_sums as (
    select
        target_external_id,
        sum(case when state in ('ready', 'posted') then amount_minor else 0 end) as amount_minor,
        sum(case when state = 'ready' then 1 else 0 end) as ready_count,
        min(case when state not in ('ready', 'posted') then reason end) as other_reason,
        min(case when state not in ('ready', 'posted') then detail end) as other_detail
    from {{ ref('outcomes_memo_applications') }} as applications
    -- K2: a memo that is applied already, whatever to, asks for no customer refund
    where application_type = 'customer_refund' and reason <> 'adopted'
    group by target_external_id
),

joined as (
    select
        refunds.stripe_refund_id,
        refunds.netsuite_customer_id,
        refunds.currency,
        refunds.stripe_exponent,
        refunds.netsuite_currency_id,
        refunds.netsuite_precision,
        refunds.netsuite_account_id,
        refunds.netsuite_receivables_account_id,
        refunds.netsuite_subsidiary_id,
        refunds.netsuite_posting_period_id,
        coalesce(posted_values.tran_date, refunds.tran_date) as tran_date,
        coalesce(posted_values.memo_text, refunds.memo_text) as memo_text,
        refunds.linked_minor,
        refunds.existing_netsuite_id,
        refunds.is_connector,
        refunds.netsuite_external_id,
        refunds.reason as refund_reason,
        refunds.detail as refund_detail,
        records.is_posted,
        records.posted_reason,
        -- a difference or a refusal of an unposted refund is the reason of its applications
        records.is_posted and records.is_different as is_different,
        records.netsuite_internal_id,
        records.difference,
        cast(application_sums.amount_minor as bigint) as amount_minor,
        application_sums.other_detail,
        case
            when refunds.reason <> 'ready' then refunds.reason
            when application_sums.ready_count > 0 then 'ready'
            else application_sums.other_reason
        end as verdict_reason
    from {{ ref('books_customer_refunds') }} as refunds
    inner join application_sums on refunds.stripe_refund_id = application_sums.target_external_id
    left join records on refunds.stripe_refund_id = records.external_id
    left join posted_values on refunds.stripe_refund_id = posted_values.external_id
),

judged as (
    select
        joined.*,
        {{ posting_reason(
            is_posted='is_posted',
            posted_reason='posted_reason',
            is_different='is_different',
            is_rejected='false',
            verdict='verdict_reason',
            has_failed_refund="refund_reason = 'refund_failed'",
        ) }} as reason
    from joined
)

select
    judged.stripe_refund_id,
    judged.netsuite_customer_id,
    judged.currency,
    judged.netsuite_currency_id,
    judged.netsuite_precision as netsuite_currency_precision,
    judged.netsuite_account_id,
    judged.netsuite_receivables_account_id,
    judged.netsuite_subsidiary_id,
    judged.netsuite_posting_period_id,
    judged.tran_date,
    judged.memo_text,
    judged.amount_minor,
    {{ major_units('judged.amount_minor', 'judged.stripe_exponent') }} as amount,
    judged.linked_minor as linked_amount_minor,
    reasons.state,
    judged.reason,
    case
        when judged.reason in ('created', 'adopted')
            then 'Customer refund ' || judged.netsuite_internal_id || ' in NetSuite.'
        when judged.reason = 'ready' then 'The next push posts ' || judged.stripe_refund_id || ' to NetSuite.'
        when judged.reason = 'netsuite_differs' and judged.difference is not null then judged.difference
        when judged.reason = 'refund_failed' and judged.netsuite_internal_id is not null
            then
                'Reverse customer refund ' || judged.netsuite_internal_id || ' in NetSuite by hand: '
                || judged.refund_detail
        when judged.refund_reason <> 'ready' then judged.refund_detail
        else judged.other_detail
    end as detail,
    judged.netsuite_internal_id,
    judged.existing_netsuite_id,
    judged.is_connector,
    judged.netsuite_external_id
from judged
inner join {{ ref('reference_outcome_reasons') }} as reasons on judged.reason = reasons.reason
