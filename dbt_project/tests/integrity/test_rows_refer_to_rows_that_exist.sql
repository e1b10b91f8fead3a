-- Rules O2, C3, L8: every document has a verdict, and a line or tax detail belongs to a memo, a tax detail to one of its lines, a memo to a document.
with

memo_ids as (
    select external_id, document_id from {{ ref('int_memos') }}
),

children as (
    select 'credit_memo_lines' as relation, external_id as memo_id from {{ rows_in_scope('credit_memo_lines') }} as memo_lines
    union all
    select 'credit_memo_tax_details', external_id from {{ rows_in_scope('credit_memo_tax_details') }} as details
)

select children.relation || ' has rows of memo ' || children.memo_id || ', which is not in credit_memos.' as message
from children
left join memo_ids on children.memo_id = memo_ids.external_id
where memo_ids.external_id is null

union all

select 'Document ' || documents.document_id || ' has no verdict.'
from {{ ref('int_credit_documents') }} as documents
left join {{ ref('int_document_verdicts') }} as verdicts on documents.document_id = verdicts.document_id
where verdicts.document_id is null

union all

select 'Memo ' || memo_ids.external_id || ' belongs to document ' || memo_ids.document_id || ', which is not in credit_outcomes.'
from memo_ids
left join {{ ref('int_credit_documents') }} as documents on memo_ids.document_id = documents.document_id
where documents.document_id is null

union all

-- a tax whose line has no row of its own blocks its memo (lines_do_not_add_up)
select 'Tax detail ' || cast(details.detail_number as varchar) || ' of memo ' || details.external_id || ' belongs to line '
    || cast(details.line_number as varchar) || ', which is not in credit_memo_lines.'
from {{ rows_in_scope('credit_memo_tax_details') }} as details
left join {{ rows_in_scope('credit_memo_lines') }} as memo_lines on details.external_id = memo_lines.external_id and details.line_number = memo_lines.line_number
where memo_lines.external_id is null and details.line_number is not null
