-- Every external id that a credit document can take in NetSuite: its own, those of its refunds and of their journal
-- entries (rule X2).
select document_id, external_id from {{ ref('int_credit_documents') }}
union all
select credit_note_id as document_id, stripe_refund_id as external_id from {{ ref('int_refund_links') }}
union all
select
    credit_note_id as document_id,
    {{ income_entry_id('stripe_refund_id', 'credit_note_id') }} as external_id
from {{ ref('int_refund_links') }}
