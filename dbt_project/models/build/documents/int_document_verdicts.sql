-- What is to become of each document, as Stripe, NetSuite and the mappings stood at this build; what the loader did since is in
-- outcomes_documents.
with

verdicts as (
    select
        documents.document_id,
        case
            when remaining.document_id is not null and (findings.document_id is null or remaining_reason.reason_rank < findings.reason_rank)
                then 'blocked'
            else coalesce(findings.state, 'ready')
        end as state,
        case
            when remaining.document_id is not null and (findings.document_id is null or remaining_reason.reason_rank < findings.reason_rank)
                then remaining.reason
            else coalesce(findings.reason, 'ready')
        end as reason,
        case
            when remaining.document_id is not null and (findings.document_id is null or remaining_reason.reason_rank < findings.reason_rank)
                then remaining.detail
            else findings.detail
        end as detail,
        coalesce(findings.has_failed_refund, false) as has_failed_refund,
        findings.failed_refund_detail
    from {{ ref('int_credit_documents') }} as documents
    left join {{ ref('int_document_first_findings') }} as findings on documents.document_id = findings.document_id
    left join {{ ref('int_invoice_remaining') }} as remaining on documents.document_id = remaining.document_id
    left join {{ ref('reference_outcome_reasons') }} as remaining_reason on remaining.reason = remaining_reason.reason
)

select
    verdicts.*,
    current_timestamp as built_at
from verdicts
