-- The body of the memo of every document that is not skipped and has an amount to credit (rules C3, C4, C7, B3, X4).
with

existing as (
    select * from {{ ref('int_existing_records') }} where record_type = 'creditMemo'
),

documents as (
    select
        documents.*,
        {{ sendable_text('credit_notes.memo') }} as note_memo,
        coalesce(parts.out_of_band_minor, 0) > 0 as is_out_of_band
    from {{ ref('int_credit_documents') }} as documents
    inner join {{ ref('int_document_verdicts') }} as verdicts on documents.document_id = verdicts.document_id
    left join {{ ref('stg_stripe__credit_notes') }} as credit_notes
        on documents.document_id = credit_notes.credit_note_id
    left join {{ ref('int_credit_note_parts') }} as parts on documents.document_id = parts.credit_note_id
    left join {{ ref('int_pre_go_live_credit_notes') }} as pre_go_live
        on documents.document_id = pre_go_live.document_id
    left join {{ ref('stg_load_netsuite__records') }} as records
        on documents.external_id = records.external_id and records.record_type = 'creditMemo'
    where
        documents.document_type in ('credit_note', 'balance_use')
        and documents.memo_minor > 0
        -- a posted memo stays in the table, whatever its verdict is today
        and (coalesce(records.is_posted, false) or (verdicts.state <> 'skipped' and pre_go_live.document_id is null))
),

texts as (
    select
        documents.*,
        posting_dates.tran_date,
        posting_dates.netsuite_posting_period_id,
        case
            when documents.document_type = 'balance_use'
                then
                    'Stripe: ' || documents.stripe_invoice_id
                    || '. This credit memo was created by a Stripe customer''s balance.'
            when documents.document_type = 'credit_note' then 'Stripe: ' || documents.document_id || '.'
        end as text_start,
        case
            when documents.is_out_of_band then ' Out-of-band credit: apply it by hand to a customer refund.'
            else ''
        end
        || {{ original_date_text('posting_dates.is_moved', 'documents.transaction_date') }} as text_end
    from documents
    left join {{ ref('int_posting_dates') }} as posting_dates
        on documents.transaction_date = posting_dates.transaction_date
)

select
    texts.external_id,
    texts.document_id,
    texts.document_type,
    texts.stripe_customer_id,
    texts.stripe_invoice_id,
    texts.created_at,
    customers.netsuite_customer_id,
    customers.found_by as customer_found_by,
    invoices.netsuite_invoice_id,
    invoices.found_by as invoice_found_by,
    invoices.netsuite_subsidiary_id,
    invoices.netsuite_account_id,
    texts.currency,
    texts.stripe_exponent,
    texts.netsuite_currency_id,
    texts.netsuite_precision,
    texts.memo_minor as amount_minor,
    {{ major_units('texts.memo_minor', 'texts.stripe_exponent') }} as amount,
    -- one that is in NetSuite is adopted and needs no open period (X4)
    coalesce(
        texts.tran_date, case when existing.record_key is not null then texts.transaction_date end
    ) as tran_date,
    texts.netsuite_posting_period_id,
    existing.netsuite_transaction_id as existing_netsuite_id,
    coalesce(existing.is_connector, false) as is_connector,
    coalesce(existing.netsuite_external_id, texts.external_id) as netsuite_external_id,
    texts.is_out_of_band,
    -- NetSuite takes 999 characters: the text of the note is shortened, the added texts are not
    text_start || case
        when texts.document_type = 'credit_note' and nullif(trim(texts.note_memo), '') is not null
            then ' ' || {{ cut_text('texts.note_memo', '998 - length(text_start) - length(text_end)') }}
        else ''
    end || text_end as memo_text
from texts
left join {{ ref('int_netsuite_customers') }} as customers on texts.stripe_customer_id = customers.stripe_customer_id
left join {{ ref('int_netsuite_invoices') }} as invoices on texts.stripe_invoice_id = invoices.stripe_invoice_id
left join existing on texts.external_id = existing.record_key
