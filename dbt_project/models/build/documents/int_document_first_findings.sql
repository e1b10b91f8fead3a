-- The first finding of each document by rank (rule O3). What NetSuite still has open on the invoice (C6) is left out:
-- it depends on the other findings.
with

ranked as (
    select
        findings.document_id,
        reasons.state,
        findings.reason,
        findings.detail,
        reasons.reason_rank,
        row_number() over (
            partition by findings.document_id order by reasons.reason_rank, findings.detail
        ) as finding_rank,
        max(case when findings.reason = 'refund_failed' then 1 else 0 end) over (
            partition by findings.document_id
        ) as has_failed_refund,
        max(case when findings.reason = 'refund_failed' then findings.detail end) over (
            partition by findings.document_id
        ) as failed_refund_detail
    from {{ ref('int_document_findings') }} as findings
    inner join {{ ref('reference_outcome_reasons') }} as reasons on findings.reason = reasons.reason
)

select
    document_id,
    state,
    reason,
    coalesce(
        detail, 'A value that this explanation needs is missing in Stripe or NetSuite (' || reason || ').'
    ) as detail,
    reason_rank,
    has_failed_refund = 1 as has_failed_refund,
    failed_refund_detail
from ranked
where finding_rank = 1
