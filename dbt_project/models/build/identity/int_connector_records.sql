-- Records of the Stripe Connector that stand for a document or a refund which our journal does not hold (rule K1): the
-- first hit. An id in metadata ends the search, also if NetSuite lacks it. Empty under `connector_records: ignore`.
with

-- an id that the journal holds is ours and counts as no hit
ours as (
    select distinct netsuite_internal_id
    from {{ ref('stg_load_netsuite__records') }}
    where netsuite_internal_id is not null and record_type <> 'serviceSaleItem'
),

transactions as (
    select * from {{ ref('stg_netsuite__transactions') }}
    where netsuite_transaction_id not in (select ours.netsuite_internal_id from ours)
),

-- a record under our own external id is judged by P5 and R3, whatever the journal holds of it
own_ids as (
    select external_id from {{ ref('stg_netsuite__transactions') }} where external_id is not null
    union
    select external_id from {{ ref('stg_load_netsuite__records') }}
    where is_posted and record_type in ('creditMemo', 'customerRefund')
),

documents as (
    select
        documents.document_id,
        documents.document_type,
        documents.stripe_invoice_id
    from {{ ref('int_credit_documents') }} as documents
    where
        documents.document_type in ('credit_note', 'balance_use')
        and {{ 'false' if var('connector_records') == 'ignore' else 'true' }}
        -- G2: what is posted by journal entries takes no memo over; `guard` holds it up all the same
        and not exists (
            select 1
            from {{ ref('int_pre_go_live_credit_notes') }} as pre_go_live
            where
                pre_go_live.document_id = documents.document_id
                and pre_go_live.is_income_account
                and {{ 'true' if var('connector_records') == 'adopt' else 'false' }}
        )
),

only_refunds as (
    select
        credit_note_id,
        min(stripe_refund_id) as stripe_refund_id
    from {{ ref('stg_stripe__credit_note_refunds') }}
    where stripe_refund_id is not null
    group by credit_note_id
    having count(distinct stripe_refund_id) = 1
),

places as (
    select
        documents.document_id,
        1 as turn,
        'metadata of ' || notes.credit_note_id as found_by,
        notes.metadata_netsuite_memo_id as named_id,
        cast(null as {{ text() }}) as external_id
    from documents
    inner join {{ ref('stg_stripe__credit_notes') }} as notes on documents.document_id = notes.credit_note_id

    union all

    select
        document_id,
        2 as turn,
        'external id' as found_by,
        cast(null as {{ text() }}) as named_id,
        {{ connector_memo_id("case when document_type = 'credit_note' then document_id else stripe_invoice_id end") }}
            as external_id
    from documents

    union all

    select
        documents.document_id,
        3 as turn,
        'metadata of ' || only_refunds.stripe_refund_id as found_by,
        refunds.metadata_netsuite_memo_id as named_id,
        cast(null as {{ text() }}) as external_id
    from documents
    inner join only_refunds on documents.document_id = only_refunds.credit_note_id
    inner join {{ ref('stg_stripe__refunds') }} as refunds on only_refunds.stripe_refund_id = refunds.stripe_refund_id

    union all

    select
        documents.document_id,
        4 as turn,
        'external id' as found_by,
        cast(null as {{ text() }}) as named_id,
        {{ connector_memo_id('only_refunds.stripe_refund_id') }} as external_id
    from documents
    inner join only_refunds on documents.document_id = only_refunds.credit_note_id
),

memos as (
    select
        'creditMemo' as record_type,
        places.document_id as record_key,
        places.document_id,
        places.found_by,
        coalesce(places.named_id, transactions.netsuite_transaction_id) as wanted_netsuite_id,
        row_number() over (partition by places.document_id order by places.turn) as hit
    from places
    left join transactions on places.external_id = transactions.external_id
    where
        places.document_id not in (select own_ids.external_id from own_ids)
        and coalesce(places.named_id, transactions.netsuite_transaction_id) is not null
        and coalesce(places.named_id, '') not in (select ours.netsuite_internal_id from ours)
),

-- R3: one in metadata counts only if none stands under the refund id
customer_refunds as (
    select
        'customerRefund' as record_type,
        links.stripe_refund_id as record_key,
        documents.document_id,
        'metadata of ' || links.stripe_refund_id as found_by,
        refunds.metadata_netsuite_refund_id as wanted_netsuite_id
    from documents
    inner join {{ ref('int_refund_links') }} as links on documents.document_id = links.credit_note_id
    inner join {{ ref('stg_stripe__refunds') }} as refunds on links.stripe_refund_id = refunds.stripe_refund_id
    where
        not links.is_out_of_band
        and links.linked_minor > 0
        and refunds.metadata_netsuite_refund_id is not null
        and links.stripe_refund_id not in (select own_ids.external_id from own_ids)
        and refunds.metadata_netsuite_refund_id not in (select ours.netsuite_internal_id from ours)
),

hits as (
    select record_type, record_key, document_id, found_by, wanted_netsuite_id
    from memos
    where hit = 1
    union all
    select record_type, record_key, document_id, found_by, wanted_netsuite_id
    from customer_refunds
)

select
    hits.record_type,
    hits.record_key,
    hits.document_id,
    hits.found_by,
    hits.wanted_netsuite_id,
    transactions.netsuite_transaction_id,
    transactions.external_id as netsuite_external_id,
    transactions.transaction_type,
    transactions.netsuite_customer_id,
    transactions.netsuite_currency_id,
    transactions.total_amount,
    transactions.is_voided,
    transactions.tran_date
from hits
left join transactions on hits.wanted_netsuite_id = transactions.netsuite_transaction_id
