{{ checked_rows('refund_reconciliation', by='stripe_refund_id') }}
{%- if not is_nobody_in_scope() %}
-- what no credit note links belongs to no customer
or stripe_credit_note_id is null
{%- endif %}
