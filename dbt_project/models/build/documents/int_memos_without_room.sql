-- Memos of the Stripe Connector that have less unapplied than the applications that they lack (rule K2): nothing is
-- added to them. One that NetSuite did not show in the last extract counts as such.
with

memos as (
    select
        existing.record_key as document_id,
        existing.netsuite_transaction_id,
        coalesce(abs(transactions.total_amount), 0) as total_amount
    from {{ ref('int_existing_records') }} as existing
    left join {{ ref('stg_netsuite__transactions') }} as transactions
        on existing.netsuite_transaction_id = transactions.netsuite_transaction_id
    where existing.record_type = 'creditMemo' and existing.is_connector
),

applied as (
    select
        memos.document_id,
        sum(applications.applied_amount) as amount
    from memos
    inner join {{ ref('stg_netsuite__applications') }} as applications
        on memos.netsuite_transaction_id = applications.next_transaction_id
    group by memos.document_id
),

lacking as (
    select
        document_id,
        greatest(amount - applied_amount, 0) as amount
    from {{ ref('int_invoice_applications') }}

    union all

    select
        links.credit_note_id as document_id,
        {{ major_units('links.linked_minor', 'documents.stripe_exponent') }} as amount
    from {{ ref('int_refund_links') }} as links
    inner join {{ ref('int_credit_documents') }} as documents on links.credit_note_id = documents.document_id
    inner join memos on links.credit_note_id = memos.document_id
    left join {{ ref('int_existing_records') }} as refunds
        on links.stripe_refund_id = refunds.record_key and refunds.record_type = 'customerRefund'
    left join {{ ref('stg_netsuite__applications') }} as applications
        on
            memos.netsuite_transaction_id = applications.next_transaction_id
            and refunds.netsuite_transaction_id = applications.previous_transaction_id
    where not links.is_out_of_band and applications.next_transaction_id is null
),

lacking_sums as (
    select
        document_id,
        sum(amount) as amount
    from lacking
    group by document_id
)

select memos.document_id
from memos
inner join lacking_sums on memos.document_id = lacking_sums.document_id
left join applied on memos.document_id = applied.document_id
where lacking_sums.amount > memos.total_amount - coalesce(applied.amount, 0)
