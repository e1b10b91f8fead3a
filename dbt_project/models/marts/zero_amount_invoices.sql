with

documents as (
    select * from {{ ref('int_credit_documents') }} where document_type = 'negative_invoice'
),

outcomes as (
    select * from {{ ref('int_document_outcomes') }}
),

final as (
    select
        documents.external_id,
        documents.document_id,
        documents.stripe_customer_id,
        customers.netsuite_customer_id,
        documents.currency,
        documents.netsuite_currency_id,
        customers.netsuite_subsidiary_id,
        customers.netsuite_receivables_account_id as netsuite_account_id,
        posting_dates.netsuite_posting_period_id,
        coalesce(posted_values.tran_date, posting_dates.tran_date) as tran_date,
        coalesce(
            posted_values.memo_text,
            'Stripe: ' || documents.document_id || '. ' || {{ money_text('-documents.amount_minor', 'documents.stripe_exponent', 'documents.currency') }}
            || ' added to the customer''s balance.'
            || case when posting_dates.is_moved then ' Original transaction date: ' || cast(documents.transaction_date as varchar) else '' end
        ) as memo_text,
        {{ 'true' if var('tax_strategy') == 'suitetax_override' else 'false' }} as tax_details_override,
        invoices.netsuite_invoice_id as existing_netsuite_id,
        outcomes.state,
        outcomes.reason,
        outcomes.detail,
        outcomes.netsuite_internal_id
    from documents
    inner join outcomes on documents.document_id = outcomes.document_id
    left join {{ ref('int_netsuite_customers') }} as customers on documents.stripe_customer_id = customers.stripe_customer_id
    left join {{ ref('int_netsuite_invoices') }} as invoices on documents.stripe_invoice_id = invoices.stripe_invoice_id
    left join {{ ref('int_posting_dates') }} as posting_dates on documents.transaction_date = posting_dates.transaction_date
    left join {{ ref('stg_load_netsuite__posted_values') }} as posted_values
        on documents.external_id = posted_values.external_id and posted_values.record_type = 'invoice'
    where outcomes.state <> 'skipped'
)

select * from final
