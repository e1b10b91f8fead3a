with

memos as (
    select * from {{ ref('kept_memos') }}
),

outcomes as (
    select * from {{ ref('int_document_outcomes') }}
),

memo_records as (
    select * from {{ ref('stg_load_netsuite__records') }} where record_type = 'creditMemo'
),

refund_records as (
    select * from {{ ref('stg_load_netsuite__records') }} where record_type = 'customerRefund'
),

present as (
    select * from {{ ref('stg_load_netsuite__applications') }}
),

joined as (
    select
        applications.*,
        outcomes.state as document_state,
        outcomes.reason as document_reason,
        outcomes.detail as document_detail,
        coalesce(memo_records.is_posted, false) as is_memo_posted,
        memo_records.netsuite_internal_id as netsuite_memo_id,
        verdicts.built_at,
        refunds.reason as refund_reason,
        refunds.detail as refund_detail,
        coalesce(refunds.is_posted_period_closed, false) as is_posted_period_closed,
        coalesce(refund_records.is_posted, false) as is_refund_posted,
        refund_records.netsuite_internal_id as netsuite_refund_id,
        -- what the record that carries the application answered last: the memo for an invoice, the refund for a refund
        case when applications.application_type = 'customer_refund' then refund_records.is_rejected else memo_records.is_rejected end as is_rejected,
        case when applications.application_type = 'customer_refund' then refund_records.answered_at else memo_records.answered_at end as answered_at,
        case when applications.application_type = 'customer_refund' then refund_records.rejection else memo_records.rejection end as rejection,
        refund_records.is_different as is_refund_different,
        refund_records.checked_at as refund_checked_at,
        refund_records.difference as refund_difference,
        present_on_invoice.external_id is not null or present_on_refund.external_id is not null as is_present
    from {{ ref('kept_memo_applications') }} as applications
    inner join memos on applications.external_id = memos.external_id
    inner join outcomes on applications.document_id = outcomes.document_id
    inner join {{ ref('kept_document_verdicts') }} as verdicts on applications.document_id = verdicts.document_id
    left join {{ ref('kept_customer_refunds') }} as refunds on applications.target_external_id = refunds.stripe_refund_id
    left join memo_records on applications.external_id = memo_records.external_id
    left join refund_records on applications.target_external_id = refund_records.external_id
    -- a memo is applied to one invoice, once, even if the mapping names another invoice since
    left join (
        select distinct external_id from present where record_type = 'creditMemo'
    ) as present_on_invoice
        on applications.application_type = 'invoice' and applications.external_id = present_on_invoice.external_id
    left join present as present_on_refund
        on
            applications.application_type = 'customer_refund'
            and present_on_refund.record_type = 'customerRefund'
            and applications.target_external_id = present_on_refund.external_id
            and memo_records.netsuite_internal_id = present_on_refund.target_netsuite_id
),

judged as (
    select
        joined.*,
        case
            when is_present and is_memo_posted then 'created'
            -- R5: an application shares what holds its memo back
            when not is_memo_posted and document_reason <> 'ready' then document_reason
            -- the part to be applied by hand is there as soon as the memo is
            when application_type = 'out_of_band' then document_reason
            when application_type = 'customer_refund' and refund_reason <> 'ready' then refund_reason
            when application_type = 'customer_refund' and is_refund_posted and is_posted_period_closed then 'period_closed'
            when application_type = 'customer_refund' and is_refund_different and (is_refund_posted or refund_checked_at > built_at) then 'netsuite_differs'
            -- the invoice was there when the memo was posted
            when application_type = 'invoice' and is_memo_posted and target_netsuite_id is null then 'invoice_not_in_netsuite'
            when is_rejected and answered_at > built_at then 'netsuite_rejected'
            -- a document that is posted but blocked (differs, failed refund) gets nothing more
            when is_memo_posted and document_state = 'blocked' then document_reason
            else 'ready'
        end as reason
    from joined
),

final as (
    select
        judged.external_id,
        judged.application_type,
        judged.target_external_id,
        judged.amount_minor,
        judged.amount,
        reasons.state,
        judged.reason,
        case when judged.application_type = 'customer_refund' then judged.netsuite_refund_id else judged.target_netsuite_id end as target_netsuite_id,
        judged.netsuite_memo_id,
        case
            when judged.reason = 'created' then 'Applied in NetSuite.'
            when judged.reason = 'ready' then 'The next push applies it.'
            when judged.reason = 'netsuite_rejected' then 'NetSuite refused it: ' || coalesce(judged.rejection, 'no reason given')
            when judged.reason = 'netsuite_differs' and judged.refund_difference is not null then judged.refund_difference
            when judged.reason = 'period_closed' and judged.is_refund_posted
                then 'Customer refund ' || judged.netsuite_refund_id || ' lies in a period that NetSuite has closed since, so this part cannot be added to it. Open the period, or apply it by hand.'
            when judged.application_type = 'customer_refund' and judged.reason = judged.refund_reason then judged.refund_detail
            when judged.reason = 'invoice_not_in_netsuite' and judged.is_memo_posted
                then 'Credit memo ' || judged.netsuite_memo_id || ' is in NetSuite, but the invoice of Stripe ' || judged.target_external_id
                    || ' is not found there any more, so it cannot be applied. Put back the invoice''s external id, or add a row to invoice_map.csv.'
            else judged.document_detail
        end as detail
    from judged
    inner join {{ ref('int_outcome_reasons') }} as reasons on judged.reason = reasons.reason
)

select * from final
