-- What each credit document consists of and what becomes of each part once nothing holds the document up (rules C1, C6,
-- C7, R1, R4, R6, B1, B3, G2, N1). The parts of a document come to its amount.
with

records as (
    select
        record_type,
        external_id
    from {{ ref('stg_load_netsuite__records') }}
    where is_posted
),

documents as (
    select
        documents.document_id,
        documents.document_type,
        documents.external_id,
        documents.stripe_invoice_id,
        documents.is_invoice_known,
        documents.currency,
        documents.stripe_exponent,
        documents.amount_minor,
        verdicts.reason as verdict_reason,
        records.external_id is not null as is_posted,
        -- O3: what is posted stays posted, also where the document is skipped since
        verdicts.state = 'skipped' and records.external_id is null as is_skipped,
        memos.document_id is not null as has_memo,
        memos.netsuite_external_id as memo_external_id,
        pre_go_live.document_id is not null as is_pre_go_live
    from {{ ref('int_credit_documents') }} as documents
    inner join {{ ref('int_document_verdicts') }} as verdicts on documents.document_id = verdicts.document_id
    left join {{ ref('int_memos') }} as memos on documents.document_id = memos.document_id
    left join {{ ref('int_pre_go_live_credit_notes') }} as pre_go_live
        on documents.document_id = pre_go_live.document_id
    left join records
        on
            documents.external_id = records.external_id
            and records.record_type = case documents.document_type
                when 'credit_note' then 'creditMemo'
                when 'balance_use' then 'creditMemo'
                when 'negative_invoice' then 'invoice'
            end
),

contradicting as (
    select distinct
        stripe_refund_id,
        credit_note_id
    from {{ ref('int_contradicting_refund_links') }}
),

entries as (
    select
        entries.document_id,
        entries.stripe_refund_id,
        entries.external_id,
        records.external_id is not null as is_posted
    from {{ ref('int_income_journal_entries') }} as entries
    left join records on entries.external_id = records.external_id and records.record_type = 'journalEntry'
),

notes as (
    select
        documents.*,
        parts.pre_payment_minor,
        parts.out_of_band_minor,
        parts.kept_minor,
        parts.memo_minor,
        parts.customer_balance_transaction_id,
        parts.adds_up
    from documents
    inner join {{ ref('int_credit_note_parts') }} as parts on documents.document_id = parts.credit_note_id
    where documents.document_type = 'credit_note'
),

pre_payments as (
    select
        document_id,
        1 as part_order,
        'pre_payment' as part,
        stripe_invoice_id as target_external_id,
        pre_payment_minor as amount_minor,
        case
            when is_skipped then 'nothing'
            when has_memo and is_invoice_known then 'memo_applied_to_invoice'
            when is_pre_go_live then 'by_hand'
            else 'not_known'
        end as becomes,
        memo_external_id as external_id
    from notes
    where adds_up and pre_payment_minor <> 0
),

refunds as (
    select
        notes.document_id,
        2 as part_order,
        'refund' as part,
        links.stripe_refund_id as target_external_id,
        links.linked_minor as amount_minor,
        case
            when coalesce(entries.is_posted, false) and not notes.has_memo then 'journal_entry'
            when notes.is_skipped then 'nothing'
            when contradicting.credit_note_id is not null then 'not_known'
            -- R2, G3: nobody books such a refund but a person
            when links.is_failed or links.is_before_go_live then 'by_hand'
            when notes.has_memo and notes.is_invoice_known then 'memo_applied_to_refund'
            when entries.external_id is not null then 'journal_entry'
            when notes.is_pre_go_live then 'by_hand'
            else 'not_known'
        end as becomes,
        coalesce(notes.memo_external_id, entries.external_id) as external_id
    from notes
    inner join {{ ref('int_refund_links') }} as links on notes.document_id = links.credit_note_id
    left join contradicting
        on
            links.stripe_refund_id = contradicting.stripe_refund_id
            and links.credit_note_id = contradicting.credit_note_id
    left join entries
        on links.credit_note_id = entries.document_id and links.stripe_refund_id = entries.stripe_refund_id
    where notes.adds_up and not links.is_out_of_band and links.linked_minor <> 0
),

out_of_band as (
    select
        document_id,
        3 as part_order,
        'out_of_band' as part,
        cast(null as {{ text() }}) as target_external_id,
        out_of_band_minor as amount_minor,
        case
            when is_skipped then 'nothing'
            when has_memo and is_invoice_known then 'memo_left_unapplied'
            when is_pre_go_live then 'by_hand'
            else 'not_known'
        end as becomes,
        memo_external_id as external_id
    from notes
    where adds_up and out_of_band_minor <> 0
),

-- Stripe has put it into the customer's balance, whatever is skipped here; its use is a document of its own
kept as (
    select
        document_id,
        4 as part_order,
        'kept' as part,
        customer_balance_transaction_id as target_external_id,
        kept_minor as amount_minor,
        'kept_in_balance' as becomes,
        cast(null as {{ text() }}) as external_id
    from notes
    where adds_up and (kept_minor <> 0 or memo_minor = 0)
),

-- C1: nobody can say what a note consists of whose parts do not add up
unknown_parts as (
    select
        document_id,
        5 as part_order,
        'not_known' as part,
        cast(null as {{ text() }}) as target_external_id,
        amount_minor,
        case when is_skipped then 'nothing' else 'not_known' end as becomes,
        memo_external_id as external_id
    from notes
    where not adds_up
),

uses as (
    select
        document_id,
        1 as part_order,
        'balance_use' as part,
        stripe_invoice_id as target_external_id,
        amount_minor,
        case
            when is_skipped then 'nothing'
            -- B7: a memo would count the money twice
            when verdict_reason = 'balance_from_payment' and not is_posted then 'by_hand'
            when has_memo and is_invoice_known then 'memo_applied_to_invoice'
            -- B9: it belongs to no invoice
            else 'not_known'
        end as becomes,
        memo_external_id as external_id
    from documents
    where document_type = 'balance_use'
),

negative_invoices as (
    select
        document_id,
        1 as part_order,
        'negative_invoice' as part,
        stripe_invoice_id as target_external_id,
        amount_minor,
        case when is_skipped then 'nothing' else 'zero_amount_invoice' end as becomes,
        case when not is_skipped then external_id end as external_id
    from documents
    where document_type = 'negative_invoice'
),

parts as (
    select * from pre_payments
    union all
    select * from refunds
    union all
    select * from out_of_band
    union all
    select * from kept
    union all
    select * from unknown_parts
    union all
    select * from uses
    union all
    select * from negative_invoices
)

select
    parts.document_id,
    cast(row_number() over (
        partition by parts.document_id order by parts.part_order, parts.target_external_id
    ) as integer) as part_number,
    parts.part,
    documents.currency,
    documents.stripe_exponent,
    cast(parts.amount_minor as bigint) as amount_minor,
    {{ major_units('parts.amount_minor', 'documents.stripe_exponent') }} as amount,
    parts.becomes,
    parts.external_id,
    parts.target_external_id
from parts
inner join documents on parts.document_id = documents.document_id
