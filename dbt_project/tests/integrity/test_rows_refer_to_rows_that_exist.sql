-- Rules O2, C3, L8: every document has a verdict; a memo, a line, a tax detail and an application belong to a document,
-- a tax detail to one of its lines.
with

documents as (
    select document_id from {{ ref('int_credit_documents') }}
),

children as (
    select 'Memo' as relation, document_id from {{ ref('int_memos') }}
    union all
    select 'Memo line' as relation, document_id from {{ ref('int_memo_lines') }}
    union all
    select 'Tax detail' as relation, document_id from {{ ref('int_memo_tax_details') }}
    union all
    select 'Application' as relation, document_id from {{ ref('int_memo_applications') }}
    union all
    select 'Line of a zero-amount invoice' as relation, document_id from {{ ref('int_zero_invoice_lines') }}
)

select
    children.relation || ' belongs to document ' || children.document_id
    || ', which is not in credit_outcomes.' as message
from children
left join documents on children.document_id = documents.document_id
where documents.document_id is null

union all

select 'Document ' || documents.document_id || ' has no verdict.' as message
from documents
left join {{ ref('int_document_verdicts') }} as verdicts on documents.document_id = verdicts.document_id
where verdicts.document_id is null

union all

-- a tax whose line has no row of its own blocks its memo (lines_do_not_add_up)
select
    'Tax detail ' || cast(details.detail_number as {{ text() }}) || ' of ' || details.document_id || ' belongs to line '
    || cast(details.line_number as {{ text() }}) || ', which is not in credit_memo_lines.'
from {{ ref('int_memo_tax_details') }} as details
left join {{ ref('int_memo_lines') }} as memo_lines
    on details.document_id = memo_lines.document_id and details.line_number = memo_lines.line_number
where memo_lines.document_id is null and details.line_number is not null
