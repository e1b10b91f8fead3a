-- Rule G2, income_account: one journal entry per refund and credit note.
with

final as (
    select
        {{ income_entry_id('links.stripe_refund_id', 'links.credit_note_id') }} as external_id,
        links.credit_note_id as document_id,
        links.stripe_refund_id,
        documents.currency,
        documents.stripe_exponent,
        documents.netsuite_precision,
        documents.netsuite_currency_id,
        coalesce(
            invoices.netsuite_subsidiary_id,
            customers.netsuite_subsidiary_id,
            only_subsidiary.netsuite_subsidiary_id
        ) as netsuite_subsidiary_id,
        posting_dates.tran_date,
        posting_dates.netsuite_posting_period_id,
        'Stripe: ' || links.stripe_refund_id || '. Refund of credit note ' || links.credit_note_id
        || ' on an invoice from before go-live.'
        || {{ original_date_text('posting_dates.is_moved', 'links.refund_date') }} as memo_text,
        income_accounts.netsuite_account_id as debit_netsuite_account_id,
        refund_accounts.netsuite_account_id as credit_netsuite_account_id,
        cast(links.linked_minor as bigint) as amount_minor,
        links.refund_date
    from {{ ref('int_pre_go_live_credit_notes') }} as notes
    inner join {{ ref('int_refund_links') }} as links on notes.document_id = links.credit_note_id
    inner join {{ ref('int_credit_documents') }} as documents on notes.document_id = documents.document_id
    left join {{ ref('int_posting_dates') }} as posting_dates on links.refund_date = posting_dates.transaction_date
    left join {{ ref('int_netsuite_customers') }} as customers
        on documents.stripe_customer_id = customers.stripe_customer_id
    left join {{ ref('int_netsuite_invoices') }} as invoices on documents.stripe_invoice_id = invoices.stripe_invoice_id
    left join {{ ref('reference_accounts') }} as income_accounts
        on documents.currency = income_accounts.currency and income_accounts.purpose = 'pre_go_live_income'
    left join {{ ref('reference_accounts') }} as refund_accounts
        on documents.currency = refund_accounts.currency and refund_accounts.purpose = 'refund'
    left join (
        select min(id) as netsuite_subsidiary_id from {{ ref('parsed_netsuite__subsidiaries') }} having count(*) = 1
    ) as only_subsidiary on true
    where notes.is_income_account and links.linked_minor > 0
)

select * from final
