-- Go-live, refunds, periods, currency units, colliding ids and the balance ledger (rules G2, R2, X2, X3, X4, B6, B7).
{{ config(materialized='replaced_view') }}

with

documents as (
    select * from {{ ref('int_credit_documents') }}
),

parts as (
    select * from {{ ref('int_credit_note_parts') }}
),

-- what cannot be adopted does not stand for the document
unadoptable as (
    select document_id
    from {{ ref('int_findings_netsuite_records') }}
    where reason in ('netsuite_differs', 'external_id_collision', 'ambiguous_in_netsuite')
),

existing as (
    select documents.document_id
    from documents
    inner join {{ ref('stg_netsuite__transactions') }} as transactions
        on documents.external_id = transactions.external_id
    where documents.document_id not in (select unadoptable.document_id from unadoptable)
    union
    select documents.document_id
    from documents
    inner join {{ ref('int_netsuite_invoices') }} as invoices
        on documents.stripe_invoice_id = invoices.stripe_invoice_id
    where
        documents.document_type = 'negative_invoice'
        and invoices.netsuite_invoice_id is not null
    union
    select record_key as document_id
    from {{ ref('int_existing_records') }}
    where record_type = 'creditMemo' and is_connector
),

pre_go_live as (
    select * from {{ ref('int_pre_go_live_credit_notes') }}
),

-- every amount that NetSuite gets as an amount of its own
amounts as (
    select document_id, memo_minor as amount_minor from documents where memo_minor is not null
    union all
    select credit_note_id as document_id, pre_payment_minor as amount_minor from parts
    union all
    select credit_note_id as document_id, linked_minor as amount_minor
    from {{ ref('int_refund_links') }}
    where not is_out_of_band
    union all
    select document_id, amount_minor
    from documents
    where document_type = 'negative_invoice' and stripe_exponent is null
),

skipped as (
    select distinct document_id from {{ ref('int_findings_skipped') }}
),

-- uses of which the ledger shows no row (B8) or no invoice (B9)
unread_uses as (
    select document_id, shown_by
    from {{ ref('int_balance_uses') }}
    where shown_by in ('arithmetic', 'session')
),

-- X2: external ids are unique over all transaction types of NetSuite, ignoring case; a skipped document takes none
external_ids as (
    select ids.document_id, ids.external_id
    from {{ ref('int_external_ids') }} as ids
    left join skipped on ids.document_id = skipped.document_id
    where skipped.document_id is null
),

colliding as (
    select lower(external_id) as folded_id
    from external_ids
    group by lower(external_id)
    having count(distinct external_id) > 1
)

select
    document_id,
    'invoice_before_go_live' as reason,
    detail
from pre_go_live
where not is_income_account

union all

select
    documents.document_id,
    'refund_failed' as reason,
    'Refund ' || parts.failed_refund_id || ' of credit note ' || documents.document_id
    || ' moved no money in Stripe (it failed, was canceled, or its charge expired uncaptured), so the customer may '
    || 'still wait for it. Refund it anew in Stripe, or, if it was paid another way, decide out_of_band in '
    || 'manual_decisions.csv.' as detail
from documents
inner join parts on documents.document_id = parts.credit_note_id
where parts.failed_refund_id is not null

union all

select
    documents.document_id,
    'period_closed' as reason,
    'The accounting period of ' || documents.document_id || ' (' || cast(documents.transaction_date as {{ text() }})
    || ') is closed or locked in NetSuite'
    || {% if var('closed_period') == 'block' %}' and closed_period is set to block. Open the period, or set '
    || 'closed_period to first_open_day.'
    {%- else %}', or there is none, and no later period is open. Open or create a period in '
    || 'NetSuite.'{% endif %} as detail
from documents
left join {{ ref('int_posting_dates') }} as posting_dates on documents.transaction_date = posting_dates.transaction_date
left join pre_go_live on documents.document_id = pre_go_live.document_id
left join existing on documents.document_id = existing.document_id
-- a document that is in NetSuite already needs no open period; one without an invoice has no date yet (B9)
where
    documents.transaction_date is not null
    and (documents.document_type <> 'balance_use' or documents.stripe_invoice_id is not null)
    and posting_dates.tran_date is null
    and pre_go_live.document_id is null
    and existing.document_id is null

union all

select
    entries.document_id,
    'period_closed' as reason,
    'The accounting period of refund ' || min(entries.stripe_refund_id) || ' ('
    || cast(min(entries.refund_date) as {{ text() }})
    || ') is closed or locked in NetSuite, so its journal entry cannot be posted. Open the period, or set '
    || 'closed_period to first_open_day.' as detail
from {{ ref('int_income_journal_entries') }} as entries
where entries.tran_date is null
group by entries.document_id

union all

select
    entries.document_id,
    'account_unmapped' as reason,
    'No subsidiary is known for the journal entry of refund ' || min(entries.stripe_refund_id) || ' of '
    || entries.document_id || ': neither its invoice nor its customer is in NetSuite, and NetSuite has several '
    || 'subsidiaries. Name the customer in customer_map.csv.' as detail
from {{ ref('int_income_journal_entries') }} as entries
where entries.is_subsidiary_missing and entries.existing_netsuite_id is null
group by entries.document_id

union all

select distinct
    documents.document_id,
    'currency_precision' as reason,
    case
        when documents.stripe_exponent is null
            then
                'Nobody has told this project how many decimals '
                || coalesce(upper(documents.currency), 'a missing currency') || ' has in Stripe; book '
                || documents.document_id || ' by hand and skip it, or add the currency to reference_currencies.'
        else
            'NetSuite keeps ' || upper(documents.currency) || ' with '
            || cast(documents.netsuite_precision as {{ text() }})
            || ' decimals; '
            || {{ money_text('amounts.amount_minor', 'documents.stripe_exponent', 'documents.currency') }} || ' of '
            || documents.document_id
            || ' does not fit. Book it by hand and skip it.'
    end as detail
from documents
inner join amounts on documents.document_id = amounts.document_id
where documents.stripe_exponent is null or amounts.amount_minor % documents.unit_minor <> 0

union all

select distinct
    external_ids.document_id,
    'external_id_collision' as reason,
    'The external id ' || external_ids.external_id
    || ' differs from another one of ours only in upper and lower case, which NetSuite does not tell apart. Book one '
    || 'of them by hand and skip it.' as detail
from external_ids
inner join colliding on lower(external_ids.external_id) = colliding.folded_id

union all

select
    documents.document_id,
    'balance_ledger_incomplete' as reason,
    'The balance of customer ' || coalesce(documents.stripe_customer_id, '(none)') || ' in '
    || upper(documents.currency)
    || ' does not add up: ' || gaps.first_blocking_gap
    || '. Read the ledger again with make extract FULL_LEDGER=1; if it stays so, compare it in Stripe.' as detail
from documents
inner join {{ ref('int_balance_gaps') }} as gaps
    on documents.stripe_customer_id = gaps.stripe_customer_id and documents.currency = lower(gaps.currency)
where
    documents.document_type = 'balance_use'
    and gaps.first_blocking_gap is not null
    and documents.document_id not in (select unread_uses.document_id from unread_uses)

union all

select
    documents.document_id,
    'balance_ledger_incomplete' as reason,
    case unread_uses.shown_by
        when 'arithmetic'
            then
                'Invoice ' || documents.stripe_invoice_id || ' was paid with '
                || {{ money_text('documents.amount_minor', 'documents.stripe_exponent', 'documents.currency') }}
                || ' of customer balance, but Stripe shows no ledger row for it. Read the ledger again with make '
                || 'extract FULL_LEDGER=1; if it stays so, book the use by hand and skip ' || documents.document_id
                || ' by hand.'
        when 'session'
            then
                'Checkout moved '
                || {{ money_text('documents.amount_minor', 'documents.stripe_exponent', 'documents.currency') }}
                || ' of the balance of customer ' || coalesce(documents.stripe_customer_id, '(none)')
                || ', and its ledger rows (' || documents.document_id
                || ') name no invoice. Allow the Stripe key to read Checkout sessions; if it stays so, book the use by '
                || 'hand and skip ' || documents.document_id || ' by hand.'
    end as detail
from documents
inner join unread_uses on documents.document_id = unread_uses.document_id

union all

select
    sources.document_id,
    'balance_from_payment' as reason,
    'The balance that ' || sources.document_id || ' used came from money that NetSuite already shows as a payment ('
    || min(sources.credit_type) || ' ' || min(sources.credit_id)
    || '); a memo would count it twice. Apply the customer''s open payment to the invoice in NetSuite, then skip this '
    || 'document by hand.' as detail
from {{ ref('int_balance_credit_sources') }} as sources
where sources.credit_movement = 'payment'
group by sources.document_id
