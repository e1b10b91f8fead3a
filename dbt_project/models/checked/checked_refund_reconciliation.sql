select * from (
{{ checked_rows('refund_reconciliation', checked=['journal_entries', 'credit_memo_applications', 'outcomes_documents']) }}
) as mart_rows
-- a refund that no credit note links belongs to no customer
where
    stripe_refund_id in (select links.stripe_refund_id from {{ ref('int_refund_links') }} as links)
    or stripe_refund_id not in (select links.stripe_refund_id from {{ ref('books_refund_links') }} as links)
