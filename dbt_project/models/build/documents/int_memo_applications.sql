-- What each memo settles (rules C6, C7, B3, R1, R4): its invoice, customer refunds, and a part to be applied by hand.
with

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
        cast(null as varchar) as target_netsuite_id,
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
        cast(null as varchar) as target_external_id,
        cast(null as varchar) as target_netsuite_id,
        parts.out_of_band_minor as amount_minor,
        memos.stripe_exponent
    from memos
    inner join {{ ref('int_credit_note_parts') }} as parts on memos.document_id = parts.credit_note_id
    where parts.out_of_band_minor > 0
)

select
    document_id,
    external_id,
    application_type,
    target_external_id,
    target_netsuite_id,
    cast(amount_minor as bigint) as amount_minor,
    {{ major_units('amount_minor', 'stripe_exponent') }} as amount
from (
    select * from invoices
    union all
    select * from refunds
    union all
    select * from out_of_band
) as applications
