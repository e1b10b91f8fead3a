-- The body of the zero-amount invoice of every negative Stripe invoice (rules N1, X4), with the NetSuite invoice that
-- exists already, if there is one.
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
    posting_dates.tran_date,
    'Stripe: ' || documents.document_id || '. '
    || {{ money_text('-documents.amount_minor', 'documents.stripe_exponent', 'documents.currency') }}
    || ' added to the customer''s balance.'
    || {{ original_date_text('posting_dates.is_moved', 'documents.transaction_date') }} as memo_text,
    invoices.netsuite_invoice_id as existing_netsuite_id
from {{ ref('int_credit_documents') }} as documents
left join {{ ref('int_netsuite_customers') }} as customers
    on documents.stripe_customer_id = customers.stripe_customer_id
left join {{ ref('int_netsuite_invoices') }} as invoices on documents.stripe_invoice_id = invoices.stripe_invoice_id
left join {{ ref('int_posting_dates') }} as posting_dates on documents.transaction_date = posting_dates.transaction_date
where documents.document_type = 'negative_invoice'
