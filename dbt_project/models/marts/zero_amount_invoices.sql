with

final as (
    select
        invoices.external_id,
        invoices.document_id,
        invoices.stripe_customer_id,
        invoices.netsuite_customer_id,
        invoices.currency,
        invoices.netsuite_currency_id,
        invoices.netsuite_subsidiary_id,
        invoices.netsuite_account_id,
        invoices.netsuite_posting_period_id,
        coalesce(posted_values.tran_date, invoices.tran_date) as tran_date,
        coalesce(posted_values.memo_text, invoices.memo_text) as memo_text,
        {{ 'true' if var('tax_strategy') == 'suitetax_override' else 'false' }} as tax_details_override,
        invoices.existing_netsuite_id,
        outcomes.state,
        outcomes.reason,
        outcomes.detail,
        outcomes.netsuite_internal_id
    from {{ ref('books_zero_amount_invoices') }} as invoices
    inner join {{ ref('outcomes_documents') }} as outcomes on invoices.document_id = outcomes.document_id
    left join {{ ref('outcomes_posted_values') }} as posted_values
        on invoices.external_id = posted_values.external_id and posted_values.record_type = 'invoice'
    where outcomes.state <> 'skipped'
)

select * from final
