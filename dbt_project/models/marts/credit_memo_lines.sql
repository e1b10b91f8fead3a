select
    memos.netsuite_external_id as external_id,
    memo_lines.line_number,
    memo_lines.line_kind,
    memo_lines.stripe_line_id,
    memo_lines.netsuite_item_id,
    memo_lines.description,
    memo_lines.quantity,
    memo_lines.amount_minor,
    {{ major_units('memo_lines.amount_minor', 'memos.stripe_exponent') }} as amount,
    memo_lines.period_start,
    memo_lines.period_end,
    memo_lines.stripe_tax_rate_id,
    memo_lines.item_external_id,
    memo_lines.is_gross,
    memo_lines.is_taxable,
    memo_lines.netsuite_tax_code_id,
    {{ var_text('revenue_start_field') }} as revenue_start_field,
    {{ var_text('revenue_end_field') }} as revenue_end_field,
    memos.document_id,
    memo_lines.item_found_by
from {{ ref('books_memos') }} as memos
inner join {{ ref('books_memo_lines') }} as memo_lines on memos.document_id = memo_lines.document_id
