with

final as (
    select
        memos.netsuite_external_id as external_id,
        memos.document_id,
        memos.document_type,
        memos.stripe_customer_id,
        memos.stripe_invoice_id,
        memos.netsuite_customer_id,
        memos.netsuite_invoice_id,
        memos.currency,
        memos.amount_minor,
        memos.amount,
        coalesce(posted_values.tran_date, memos.tran_date) as tran_date,
        coalesce(posted_values.memo_text, memos.memo_text) as memo_text,
        outcomes.state,
        outcomes.reason,
        outcomes.netsuite_internal_id,
        memos.netsuite_currency_id,
        memos.netsuite_precision as netsuite_currency_precision,
        memos.netsuite_subsidiary_id,
        memos.netsuite_account_id,
        memos.netsuite_posting_period_id,
        {{ 'true' if var('tax_strategy') == 'suitetax_override' else 'false' }} as tax_details_override,
        outcomes.detail,
        memos.created_at,
        memos.existing_netsuite_id,
        memos.is_connector,
        memos.customer_found_by,
        memos.invoice_found_by
    from {{ ref('books_memos') }} as memos
    inner join {{ ref('outcomes_documents') }} as outcomes on memos.document_id = outcomes.document_id
    left join {{ ref('outcomes_posted_values') }} as posted_values
        on memos.external_id = posted_values.external_id and posted_values.record_type = 'creditMemo'
)

select * from final
