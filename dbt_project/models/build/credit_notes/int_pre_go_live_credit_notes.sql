-- Rule G2: credit notes from after go-live on invoices finalized before it. They get no memo. Under income_account,
-- notes that were refunded in full become journal entries, one per refund.
with

-- a posted entry stays posted, whatever the var or a refund says later (O3, X5)
posted as (
    select distinct links.credit_note_id
    from {{ ref('int_refund_links') }} as links
    inner join {{ ref('stg_load_netsuite__records') }} as records
        on
            records.record_type = 'journalEntry'
            and records.is_posted
            and records.external_id = {{ income_entry_id('links.stripe_refund_id', 'links.credit_note_id') }}
),

links as (
    select
        credit_note_id,
        sum(
            case when refund_status = 'succeeded' and not is_before_go_live then linked_minor else 0 end
        ) as refunded_minor
    from {{ ref('int_refund_links') }}
    group by credit_note_id
),

final as (
    select
        documents.document_id,
        posted.credit_note_id is not null
        {%- if var('pre_go_live_credit_notes') == 'income_account' %}
        or coalesce(links.refunded_minor = documents.memo_minor, false)
{%- endif %} as is_income_account,
        'Credit note ' || documents.document_id || ' belongs to invoice ' || documents.stripe_invoice_id
        || ' from before the go-live date. '
        {%- if var('pre_go_live_credit_notes') == 'income_account' %}
        || 'It is not refunded in full, so it cannot be posted to the income account. '
{%- endif %}
        || 'Create the credit memo in NetSuite by hand, apply it to the same invoice or refund, match the refund to '
        || 'the bank deposit by hand, '
        || 'then skip the note in manual_decisions.csv.' as detail
    from {{ ref('int_credit_documents') }} as documents
    left join links on documents.document_id = links.credit_note_id -- noqa: ST11
    left join posted on documents.document_id = posted.credit_note_id
    where
        documents.document_type = 'credit_note'
        and documents.is_invoice_before_go_live
        and not documents.is_before_go_live
)

select * from final
