-- What each memo settles (rules C6, C7, B3, R1, R4): its invoice, customer refunds, and a part to be applied by hand.
with

contradicting as (
    select distinct
        stripe_refund_id,
        credit_note_id
    from {{ ref('int_contradicting_refund_links') }}
),

-- customer refunds of ours that apply a memo of ours by NetSuite's own word, whatever the journal holds
refunds_in_netsuite as (
    select distinct
        refunds.record_key as stripe_refund_id,
        credit_memos.record_key as memo_external_id
    from {{ ref('stg_netsuite__applications') }} as applications
    inner join {{ ref('int_existing_records') }} as refunds
        on
            applications.previous_transaction_id = refunds.netsuite_transaction_id
            and refunds.record_type = 'customerRefund'
    inner join {{ ref('int_existing_records') }} as credit_memos
        on
            applications.next_transaction_id = credit_memos.netsuite_transaction_id
            and credit_memos.record_type = 'creditMemo'
),

memos as (
    select * from {{ ref('int_credit_documents') }}
    where document_type in ('credit_note', 'balance_use') and memo_minor > 0
),

invoices as (
    select
        memos.document_id,
        memos.external_id,
        'invoice' as application_type,
        memos.stripe_invoice_id as target_external_id,
        applications.netsuite_invoice_id as target_netsuite_id,
        applications.amount_minor,
        memos.stripe_exponent
    from memos
    inner join {{ ref('int_invoice_applications') }} as applications on memos.document_id = applications.document_id
),

refunds as (
    select
        memos.document_id,
        memos.external_id,
        'customer_refund' as application_type,
        links.stripe_refund_id as target_external_id,
        cast(null as {{ text() }}) as target_netsuite_id,
        links.linked_minor as amount_minor,
        memos.stripe_exponent
    from memos
    inner join {{ ref('int_refund_links') }} as links on memos.document_id = links.credit_note_id
    where not links.is_out_of_band and links.linked_minor > 0
),

out_of_band as (
    select
        memos.document_id,
        memos.external_id,
        'out_of_band' as application_type,
        cast(null as {{ text() }}) as target_external_id,
        cast(null as {{ text() }}) as target_netsuite_id,
        parts.out_of_band_minor as amount_minor,
        memos.stripe_exponent
    from memos
    inner join {{ ref('int_credit_note_parts') }} as parts on memos.document_id = parts.credit_note_id
    where parts.out_of_band_minor > 0
)

select
    applications.document_id,
    applications.external_id,
    applications.application_type,
    applications.target_external_id,
    applications.target_netsuite_id,
    cast(applications.amount_minor as bigint) as amount_minor,
    {{ major_units('applications.amount_minor', 'applications.stripe_exponent') }} as amount,
    refunds_in_netsuite.stripe_refund_id is not null as is_in_netsuite,
    contradicting.credit_note_id is not null as is_contradicting,
    -- K2: a memo of the Stripe Connector that has less unapplied than it lacks
    applications.application_type <> 'out_of_band'
    and without_room.document_id is not null
    and refunds_in_netsuite.stripe_refund_id is null as is_without_room
from (
    select * from invoices
    union all
    select * from refunds
    union all
    select * from out_of_band
) as applications
left join {{ ref('int_memos_without_room') }} as without_room on applications.document_id = without_room.document_id
left join refunds_in_netsuite
    on
        applications.application_type = 'customer_refund'
        and applications.target_external_id = refunds_in_netsuite.stripe_refund_id
        and applications.external_id = refunds_in_netsuite.memo_external_id
left join contradicting
    on
        applications.application_type = 'customer_refund'
        and applications.target_external_id = contradicting.stripe_refund_id
        and applications.document_id = contradicting.credit_note_id
