-- The amount that each memo settles of its NetSuite invoice: the pre-payment part of a credit note, the whole of a
-- balance use (C6, B3), and what an existing memo of ours has applied already (P5).
with

wanted as (
    select
        documents.document_id,
        documents.external_id,
        documents.stripe_invoice_id,
        documents.is_invoice_known,
        documents.created_at,
        documents.stripe_exponent,
        documents.currency,
        case documents.document_type
            when 'balance_use' then documents.memo_minor
            when 'credit_note' then parts.pre_payment_minor
        end as amount_minor
    from {{ ref('int_credit_documents') }} as documents
    left join {{ ref('int_credit_note_parts') }} as parts on documents.document_id = parts.credit_note_id
    where documents.document_type in ('credit_note', 'balance_use')
),

memos as (
    select
        record_key as external_id,
        netsuite_transaction_id as netsuite_memo_id
    from {{ ref('int_existing_records') }}
    where record_type = 'creditMemo'
)

select
    wanted.document_id,
    wanted.external_id,
    wanted.stripe_invoice_id,
    invoices.netsuite_invoice_id,
    wanted.created_at,
    wanted.currency,
    wanted.stripe_exponent,
    wanted.amount_minor,
    {{ major_units('wanted.amount_minor', 'wanted.stripe_exponent') }} as amount,
    coalesce(applications.applied_amount, 0) as applied_amount,
    -- of an invoice that Stripe did not show, it is not known what settles it
    case when wanted.is_invoice_known then invoices.open_amount end as open_amount
from wanted
left join {{ ref('int_netsuite_invoices') }} as invoices on wanted.stripe_invoice_id = invoices.stripe_invoice_id
left join memos on wanted.external_id = memos.external_id
left join {{ ref('stg_netsuite__applications') }} as applications
    on
        invoices.netsuite_invoice_id = applications.previous_transaction_id
        and memos.netsuite_memo_id = applications.next_transaction_id
where wanted.amount_minor > 0
