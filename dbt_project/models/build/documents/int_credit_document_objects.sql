-- The Stripe objects behind each credit document: the note, its invoice, the refunds that it links, and the rows of the
-- balance ledger that made or used its credit (rules C1, R1, B1, B9, N1).
with

documents as (
    select
        document_id,
        document_type,
        stripe_invoice_id
    from {{ ref('int_credit_documents') }}
),

credit_notes as (
    select
        documents.document_id,
        'credit_note' as object_type,
        notes.credit_note_id as stripe_id,
        notes.credit_note_number as stripe_number,
        notes.credit_note_status as status,
        lower(notes.currency) as currency,
        notes.total_minor as amount_minor,
        notes.created_at,
        cast(null as timestamp) as finalized_at,
        cast(null as timestamp) as paid_at
    from documents
    inner join {{ ref('stg_stripe__credit_notes') }} as notes on documents.document_id = notes.credit_note_id
    where documents.document_type = 'credit_note'
),

invoices as (
    select
        documents.document_id,
        'invoice' as object_type,
        documents.stripe_invoice_id as stripe_id,
        invoices.invoice_number as stripe_number,
        invoices.invoice_status as status,
        lower(invoices.currency) as currency,
        invoices.total_minor as amount_minor,
        invoices.created_at,
        invoices.finalized_at,
        invoices.paid_at
    from documents
    -- one that was not landed is named all the same
    left join {{ ref('stg_stripe__invoices') }} as invoices on documents.stripe_invoice_id = invoices.stripe_invoice_id
    where documents.stripe_invoice_id is not null
),

refunds as (
    select
        credit_note_id as document_id,
        'refund' as object_type,
        stripe_refund_id as stripe_id,
        cast(null as {{ text() }}) as stripe_number,
        refund_status as status,
        refund_currency as currency,
        refund_minor as amount_minor,
        refund_created_at as created_at,
        cast(null as timestamp) as finalized_at,
        cast(null as timestamp) as paid_at
    from {{ ref('int_refund_links') }}
),

ledger as (
    select * from {{ ref('stg_stripe__customer_balance_transactions') }}
),

rows_of_documents as (
    select
        credit_note_id as document_id,
        customer_balance_transaction_id as balance_transaction_id
    from {{ ref('int_credit_note_parts') }}
    where customer_balance_transaction_id is not null

    union

    select
        credit_note_id as document_id,
        balance_transaction_id
    from ledger
    where credit_note_id is not null

    union

    select
        document_id,
        balance_transaction_id
    from {{ ref('int_balance_use_rows') }}

    union

    -- a negative invoice puts its amount into the balance
    select
        documents.document_id,
        ledger.balance_transaction_id
    from documents
    inner join ledger on documents.stripe_invoice_id = ledger.stripe_invoice_id
    where documents.document_type = 'negative_invoice'
),

ledger_rows as (
    select
        documents.document_id,
        'customer_balance_transaction' as object_type,
        rows_of_documents.balance_transaction_id as stripe_id,
        cast(null as {{ text() }}) as stripe_number,
        ledger.transaction_type as status,
        lower(coalesce(ledger.currency, notes.currency)) as currency,
        -- a row of a deleted customer is known from the note alone (B6)
        coalesce(ledger.amount_minor, notes.expanded_balance_transaction_minor) as amount_minor,
        ledger.created_at,
        cast(null as timestamp) as finalized_at,
        cast(null as timestamp) as paid_at
    from rows_of_documents
    inner join documents on rows_of_documents.document_id = documents.document_id
    left join ledger on rows_of_documents.balance_transaction_id = ledger.balance_transaction_id
    left join {{ ref('stg_stripe__credit_notes') }} as notes
        on
            rows_of_documents.document_id = notes.credit_note_id
            and rows_of_documents.balance_transaction_id = notes.customer_balance_transaction_id
),

objects as (
    select * from credit_notes
    union all
    select * from invoices
    union all
    select * from refunds
    union all
    select * from ledger_rows
)

select
    objects.document_id,
    objects.object_type,
    objects.stripe_id,
    objects.stripe_number,
    objects.status,
    objects.currency,
    currencies.stripe_exponent,
    cast(objects.amount_minor as bigint) as amount_minor,
    {{ major_units('objects.amount_minor', 'currencies.stripe_exponent') }} as amount,
    objects.created_at,
    objects.finalized_at,
    objects.paid_at
from objects
left join {{ ref('reference_currencies') }} as currencies on objects.currency = currencies.currency
