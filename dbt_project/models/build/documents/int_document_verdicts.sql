-- State and reason of each document by Stripe, NetSuite and the mapping files of this build (rules O1, O3). What the
-- loader did since is in outcomes_documents.
with

compared as (
    select
        documents.document_id,
        findings.state,
        findings.reason,
        findings.detail,
        remaining.reason as remaining_reason,
        remaining.detail as remaining_detail,
        remaining.document_id is not null
        and (findings.document_id is null or remaining_reasons.reason_rank < findings.reason_rank)
            as is_remaining_too_low,
        coalesce(findings.has_failed_refund, false) as has_failed_refund,
        findings.failed_refund_detail
    from {{ ref('int_credit_documents') }} as documents
    left join {{ ref('int_document_first_findings') }} as findings on documents.document_id = findings.document_id
    left join {{ ref('int_invoice_remaining') }} as remaining on documents.document_id = remaining.document_id
    left join {{ ref('reference_outcome_reasons') }} as remaining_reasons on remaining.reason = remaining_reasons.reason
)

select
    document_id,
    case when is_remaining_too_low then 'blocked' else coalesce(state, 'ready') end as state,
    case when is_remaining_too_low then remaining_reason else coalesce(reason, 'ready') end as reason,
    case when is_remaining_too_low then remaining_detail else detail end as detail,
    has_failed_refund,
    failed_refund_detail,
    current_timestamp as built_at
from compared
