with

final as (
    select
        documents.document_id,
        documents.document_type,
        documents.stripe_customer_id,
        documents.stripe_invoice_id,
        documents.currency,
        documents.amount_minor,
        documents.created_at,
        outcomes.state,
        outcomes.reason,
        outcomes.detail,
        coalesce(memos.netsuite_external_id, documents.external_id) as external_id,
        outcomes.netsuite_internal_id
    from {{ ref('books_credit_documents') }} as documents
    inner join {{ ref('outcomes_documents') }} as outcomes on documents.document_id = outcomes.document_id
    left join {{ ref('books_memos') }} as memos on documents.document_id = memos.document_id
)

select * from final
