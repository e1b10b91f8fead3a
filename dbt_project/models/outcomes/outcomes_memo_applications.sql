-- The outcome of each application of a credit memo: what holds it back, and whether the loader made it (rules R1-R5,
-- C6, O3).
with

memo_records as (
    select * from {{ ref('outcomes_records') }} where record_type = 'creditMemo'
),

refund_records as (
    select * from {{ ref('outcomes_records') }} where record_type = 'customerRefund'
),

made_applications as (
    select * from {{ ref('outcomes_applications') }}
),

-- a memo is applied to one invoice, once, even if the mapping names another invoice since
applied_to_invoice as (
    select distinct external_id from made_applications where record_type = 'creditMemo'
),

joined as (
    select
        applications.external_id,
        applications.document_id,
        memos.netsuite_external_id,
        applications.application_type,
        applications.target_external_id,
        applications.target_netsuite_id,
        applications.amount_minor,
        applications.amount,
        applications.application_type = 'customer_refund' as is_refund,
        -- R3: what NetSuite shows of another refund holds no application back
        outcomes.record_reason as document_reason,
        applications.is_in_netsuite,
        applications.is_contradicting,
        applications.is_without_room,
        outcomes.detail as document_detail,
        verdicts.built_position,
        coalesce(memo_records.is_posted, false) as is_memo_posted,
        memo_records.netsuite_internal_id as netsuite_memo_id,
        memo_records.is_rejected as is_memo_rejected,
        memo_records.answered_position as memo_answered_position,
        memo_records.rejection as memo_rejection,
        refunds.reason as refund_reason,
        refunds.detail as refund_detail,
        coalesce(refunds.is_posted_period_closed, false) as is_posted_period_closed,
        coalesce(refund_records.is_posted, false) as is_refund_posted,
        refund_records.netsuite_internal_id as netsuite_refund_id,
        refund_records.is_different as is_refund_different,
        refund_records.checked_position as refund_checked_position,
        refund_records.difference as refund_difference,
        refund_records.is_rejected as is_refund_rejected,
        refund_records.answered_position as refund_answered_position,
        refund_records.rejection as refund_rejection,
        coalesce(memo_records.is_posted, false)
        and (applied_to_invoice.external_id is not null or applied_to_refund.external_id is not null) as is_applied
    from {{ ref('books_memo_applications') }} as applications
    inner join {{ ref('books_memos') }} as memos on applications.external_id = memos.external_id
    inner join {{ ref('outcomes_documents') }} as outcomes on applications.document_id = outcomes.document_id
    inner join {{ ref('books_document_verdicts') }} as verdicts on applications.document_id = verdicts.document_id
    left join {{ ref('books_customer_refunds') }} as refunds
        on applications.target_external_id = refunds.stripe_refund_id
    left join memo_records on applications.external_id = memo_records.external_id
    left join refund_records on applications.target_external_id = refund_records.external_id
    left join applied_to_invoice
        on applications.application_type = 'invoice' and applications.external_id = applied_to_invoice.external_id
    left join made_applications as applied_to_refund
        on
            applications.application_type = 'customer_refund'
            and applied_to_refund.record_type = 'customerRefund'
            and applications.target_external_id = applied_to_refund.external_id
            and memo_records.netsuite_internal_id = applied_to_refund.target_netsuite_id
),

verdicts_of_applications as (
    select
        joined.*,
        case
            -- R5: an application shares what holds its memo back
            when not is_memo_posted and document_reason <> 'ready' then document_reason
            -- K2: one that is applied already, whatever to, needs nothing more
            when is_without_room and document_reason in ('ready', 'created', 'adopted') then 'adopted'
            -- the part to be applied by hand counts as applied as soon as the memo is posted
            when application_type = 'out_of_band' then document_reason
            -- R6: the memo was posted before its link contradicted the refund
            when is_refund and is_contradicting then 'parts_do_not_add_up'
            when is_refund and refund_reason <> 'ready' then refund_reason
            -- a part that is in the refund already needs no open period (R3)
            when is_refund and is_posted_period_closed and (is_refund_posted or not is_in_netsuite)
                then 'period_closed'
            -- the memo was posted for an invoice that NetSuite no longer shows
            when application_type = 'invoice' and is_memo_posted and target_netsuite_id is null
                then 'invoice_not_in_netsuite'
            else 'ready'
        end as verdict_reason,
        not is_applied
        and is_refund
        and is_refund_different
        and (is_refund_posted or refund_checked_position > built_position) as is_different,
        -- the memo's request carries the application to an invoice, the refund's request that to a refund
        case
            when is_refund then is_refund_rejected and refund_answered_position > built_position
            else is_memo_rejected and memo_answered_position > built_position
        end as is_rejected,
        case when is_refund then refund_rejection else memo_rejection end as rejection
    from joined
),

judged as (
    select
        verdicts_of_applications.*,
        -- a document that is posted but blocked (differs, failed refund) gets nothing more
        {{ posting_reason(
            is_posted='is_applied',
            posted_reason="'created'",
            is_different='is_different',
            is_rejected='is_rejected',
            verdict='verdict_reason',
            otherwise="case
                when is_memo_posted and document_reason not in ('created', 'adopted') then document_reason else 'ready'
            end",
        ) }} as reason
    from verdicts_of_applications
)

select
    judged.external_id,
    judged.document_id,
    judged.netsuite_external_id,
    judged.application_type,
    judged.target_external_id,
    judged.amount_minor,
    judged.amount,
    reasons.state,
    judged.reason,
    case when judged.is_refund then judged.netsuite_refund_id else judged.target_netsuite_id end as target_netsuite_id,
    judged.netsuite_memo_id,
    case
        when judged.reason = 'created' then 'Applied in NetSuite.'
        when judged.reason = 'adopted'
            then
                'Credit memo ' || judged.external_id || ' of the Stripe Connector has less unapplied than it lacks, '
                || 'so nothing is added to it.'
        when judged.reason = 'ready' and judged.application_type = 'out_of_band'
            then 'The next push posts ' || judged.external_id || '; this part of it is to be applied by hand.'
        when judged.reason = 'ready'
            then 'The next push applies ' || judged.external_id || ' to ' || judged.target_external_id || '.'
        when judged.reason = 'netsuite_rejected'
            then
                'NetSuite refused to apply ' || judged.external_id || ': '
                || coalesce(judged.rejection, 'no reason given')
        when judged.reason = 'netsuite_differs' and judged.refund_difference is not null then judged.refund_difference
        when judged.reason = 'period_closed' and judged.is_posted_period_closed
            then
                'Customer refund ' || judged.target_external_id
                || coalesce(' (NetSuite ' || judged.netsuite_refund_id || ')', '')
                || ' lies in a period that NetSuite has closed since, so this part cannot be added to it. Open the '
                || 'period, or apply credit memo ' || coalesce(judged.netsuite_memo_id, judged.external_id)
                || ' by hand.'
        when judged.reason = 'parts_do_not_add_up' and judged.is_memo_posted
            then
                'Refund ' || judged.target_external_id || ' does not agree with what ' || judged.external_id
                || ' links of it (amount or currency), so credit memo ' || judged.netsuite_memo_id
                || ' is not applied to it. Compare both in Stripe, and book the refund by hand.'
        when judged.is_refund and judged.reason = judged.refund_reason then judged.refund_detail
        when judged.reason = 'invoice_not_in_netsuite' and judged.is_memo_posted
            then
                'Credit memo ' || judged.netsuite_memo_id || ' is in NetSuite, but the invoice of Stripe '
                || judged.target_external_id || ' is not found there any more, so it cannot be applied. '
                || 'Put back the invoice''s external id, or add a row to invoice_map.csv.'
        else judged.document_detail
    end as detail
from judged
inner join {{ ref('reference_outcome_reasons') }} as reasons on judged.reason = reasons.reason
