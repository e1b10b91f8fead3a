-- Every external id that a credit document could take in NetSuite: its own, its refunds' and that of their journal entries (rule X2).
select document_id, external_id from {{ ref('int_credit_documents') }}
union all
select credit_note_id, stripe_refund_id from {{ ref('int_refund_links') }}
union all
select credit_note_id, {{ income_entry_id('stripe_refund_id', 'credit_note_id') }} from {{ ref('int_refund_links') }}
