-- A fingerprint of everything that the lines of a document are derived from, mappings aside (int_mapping_inputs).
select
    documents.document_id,
    md5(
        coalesce(notes.content_hash, '') || '|' || coalesce(invoices.content_hash, '') || '|' || coalesce(cast(documents.memo_minor as varchar), '')
        || '|' || cast(documents.unit_minor as varchar) || '|' || coalesce(cast(leftovers.is_leftover as varchar), '') || '|' || {{ rules_fingerprint() }}
    ) as fingerprint
from {{ ref('int_credit_documents') }} as documents
left join {{ ref('base_stripe__credit_notes') }} as notes on documents.document_id = notes.id
left join {{ ref('base_stripe__invoices') }} as invoices on documents.stripe_invoice_id = invoices.id
left join {{ ref('int_balance_leftovers') }} as leftovers on documents.document_id = leftovers.document_id
