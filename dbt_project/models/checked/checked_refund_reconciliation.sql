-- what no credit note links belongs to no customer
{{ checked_rows('refund_reconciliation', by='stripe_refund_id', also='stripe_credit_note_id is null') }}
