-- One row per Stripe refund and credit note that links it (rules R1-R4): amounts of one refund on one note are added.
with

links as (
    select
        entries.stripe_refund_id,
        entries.credit_note_id,
        sum(entries.refunded_minor) as linked_minor
    from {{ ref('stg_stripe__credit_note_refunds') }} as entries
    where entries.stripe_refund_id is not null
    group by entries.stripe_refund_id, entries.credit_note_id
),

out_of_band_by_hand as (
    select distinct document_id
    from {{ ref('stg_mapping__manual_decisions') }}
    where decision = 'out_of_band'
)

select
    links.stripe_refund_id,
    links.credit_note_id,
    links.linked_minor,
    refunds.refund_status,
    refunds.failure_reason,
    refunds.created_at as refund_created_at,
    {{ accounting_date('refunds.created_at') }} as refund_date,
    refunds.amount_minor as refund_minor,
    coalesce({{ is_before_go_live(accounting_date('refunds.created_at')) }}, false) as is_before_go_live,
    coalesce(refunds.refund_status in ('failed', 'canceled'), false) as is_failed,
    coalesce(refunds.refund_status in ('failed', 'canceled'), false)
    and out_of_band_by_hand.document_id is not null as is_out_of_band
from links
left join {{ ref('stg_stripe__refunds') }} as refunds on links.stripe_refund_id = refunds.stripe_refund_id
left join out_of_band_by_hand on links.credit_note_id = out_of_band_by_hand.document_id
