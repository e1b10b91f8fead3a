-- Documents for which nothing is posted, now or later (rules C1, C2, B1, N1, G1, X1, X5).
{{ config(materialized='replaced_view') }}

with

documents as (
    select * from {{ ref('int_credit_documents') }}
),

skip_decisions as (
    select
        document_id,
        max(note) as note
    from {{ ref('stg_mapping__manual_decisions') }}
    where decision = 'skip'
    group by document_id
),

credit_notes as (
    select credit_note_id, credit_note_status from {{ ref('stg_stripe__credit_notes') }}
)

select
    documents.document_id,
    'skipped_by_hand' as reason,
    'Document ' || documents.document_id || ' is left out by hand in manual_decisions.csv'
    || coalesce(': ' || trim(trailing '. ' from skip_decisions.note), '') || '.' as detail
from documents
inner join skip_decisions on documents.document_id = skip_decisions.document_id

union all

select
    document_id,
    'integration_blocked_by_metadata' as reason,
    'Left out because netsuite_block_integration is set in Stripe on ' || document_id
    || coalesce(' or on invoice ' || stripe_invoice_id, '') || '.' as detail
from documents
where is_blocked_by_metadata

union all

select
    documents.document_id,
    'credit_note_void' as reason,
    'Credit note ' || documents.document_id || ' was voided in Stripe; NetSuite never shows it.' as detail
from documents
inner join credit_notes on documents.document_id = credit_notes.credit_note_id
where credit_notes.credit_note_status = 'void'

union all

select
    document_id,
    'invoice_void' as reason,
    'Invoice ' || coalesce(stripe_invoice_id, document_id) || ' was voided in Stripe; nothing is credited against it.'
    || case
        when document_type = 'balance_use' and amount_minor > 0
            then
                ' Stripe kept ' || {{ money_text('amount_minor', 'stripe_exponent', 'currency') }}
                || ' of the customer balance that was applied to it and did not give it back.'
        else ''
    end as detail
from documents
where invoice_status = 'void'

union all

select
    document_id,
    'before_go_live' as reason,
    case document_type
        when 'credit_note' then 'Credit note ' || document_id || ' was created'
        when 'balance_use'
            then 'The customer balance was used ' || coalesce('on invoice ' || stripe_invoice_id, 'by ' || document_id)
        when 'negative_invoice' then 'Invoice ' || document_id || ' was finalized'
    end || ' before the go-live date; it is booked by hand.' as detail
from documents
where is_before_go_live

union all

select
    document_id,
    'kept_in_customer_balance' as reason,
    'The whole of credit note ' || document_id || ' went to the balance of customer '
    || coalesce(stripe_customer_id, '(none)')
    || '; NetSuite shows it when an invoice uses that balance.' as detail
from documents
where
    document_type = 'credit_note'
    and memo_minor = 0
    -- C1: parts that contradict each other are blocked, not skipped
    and document_id in (select credit_note_id from {{ ref('int_credit_note_parts') }} where adds_up)

union all

select
    document_id,
    'balance_use_reversed' as reason,
    'The balance applied to invoice ' || coalesce(stripe_invoice_id, document_id)
    || ' was given back in full.' as detail
from documents
where document_type = 'balance_use' and amount_minor = 0

union all

select
    document_id,
    'debit_balance_collected' as reason,
    'Invoice ' || stripe_invoice_id || ' collected what customer '
    || coalesce(stripe_customer_id, '(none)')
    || ' owed from before; no credit was used.' as detail
from documents
where
    document_type = 'balance_use'
    and amount_minor < 0
    -- B9: rows without an invoice are blocked, whatever their sign
    and stripe_invoice_id is not null
