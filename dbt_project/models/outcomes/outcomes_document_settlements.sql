-- What happened since to the applications and customer refunds of each document, as far as the document itself shows it
-- (rules O3, P3, R2, R3, R4): a view, true the moment a push ends.
with

applications as (
    select
        applications.document_id,
        applications.external_id,
        applications.application_type,
        applications.target_external_id,
        applications.is_in_netsuite,
        verdicts.built_position
    from {{ ref('books_memo_applications') }} as applications
    inner join {{ ref('books_document_verdicts') }} as verdicts on applications.document_id = verdicts.document_id
),

memo_records as (
    select * from {{ ref('outcomes_records') }} where record_type = 'creditMemo' and is_posted
),

refund_records as (
    select * from {{ ref('outcomes_records') }} where record_type = 'customerRefund'
),

applied_to_invoice as (
    select distinct external_id from {{ ref('outcomes_applications') }} where record_type = 'creditMemo'
),

-- one that is posted and changed since, or one that is there and could not be adopted: then the parts that are in it
-- already are as meant
different_refunds as (
    select
        applications.document_id,
        min(
            'Customer refund ' || applications.target_external_id
            || coalesce(' (NetSuite ' || records.netsuite_internal_id || ')', '') || ' is not as meant: '
            || coalesce(records.difference, 'NetSuite shows something else.')
        ) as refund_difference
    from applications
    inner join refund_records as records on applications.target_external_id = records.external_id
    where
        applications.application_type = 'customer_refund'
        and records.is_different
        and (
            records.is_posted
            or (records.checked_position > applications.built_position and not applications.is_in_netsuite)
        )
    group by applications.document_id
),

refused_applications as (
    select
        applications.document_id,
        min(coalesce(records.rejection, 'no reason given')) as application_rejection
    from applications
    inner join memo_records as records on applications.external_id = records.external_id
    left join applied_to_invoice on applications.external_id = applied_to_invoice.external_id
    where
        applications.application_type = 'invoice'
        and applied_to_invoice.external_id is null
        and records.is_rejected
        and records.answered_position > applications.built_position
    group by applications.document_id
),

failed_refunds as (
    select
        links.credit_note_id as document_id,
        {{ texts_joined('records.netsuite_internal_id', ', ', 'records.netsuite_internal_id') }}
            as failed_netsuite_ids
    from {{ ref('books_refund_links') }} as links
    inner join refund_records as records on links.stripe_refund_id = records.external_id
    where links.is_failed and not links.is_out_of_band and records.is_posted
    group by links.credit_note_id
),

-- R4: decided after the memo was posted, so its text does not say so
unsaid as (
    select memos.document_id
    from {{ ref('books_memos') }} as memos
    inner join {{ ref('outcomes_posted_values') }} as posted_values
        on memos.external_id = posted_values.external_id and posted_values.record_type = 'creditMemo'
    where memos.is_out_of_band and coalesce(posted_values.memo_text, '') not like '%Out-of-band credit%'
)

select
    documents.document_id,
    different_refunds.refund_difference,
    refused_applications.application_rejection,
    failed_refunds.failed_netsuite_ids,
    unsaid.document_id is not null as is_out_of_band_unsaid
from {{ ref('books_credit_documents') }} as documents
left join different_refunds on documents.document_id = different_refunds.document_id
left join refused_applications on documents.document_id = refused_applications.document_id
left join failed_refunds on documents.document_id = failed_refunds.document_id
left join unsaid on documents.document_id = unsaid.document_id
