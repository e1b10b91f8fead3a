select *
from (
{{ checked_rows(
    'refund_reconciliation', reuse=['outcomes_documents', 'credit_memo_applications', 'journal_entries']
) }}
) as refunds
-- the refunds in scope, and those that no credit note links: these belong to no customer
where
    stripe_refund_id in (select links.stripe_refund_id from {{ ref('int_refund_links') }} as links)
    or stripe_refund_id not in (select links.stripe_refund_id from {{ ref('books_refund_links') }} as links)
