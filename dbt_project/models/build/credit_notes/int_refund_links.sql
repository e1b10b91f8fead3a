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
    {{ refund_state('refunds') }} as refund_state,
    refunds.failure_reason,
    lower(refunds.currency) as refund_currency,
    refunds.created_at as refund_created_at,
    {{ accounting_date('refunds.created_at') }} as refund_date,
    refunds.amount_minor as refund_minor,
    coalesce({{ is_before_go_live(accounting_date('refunds.created_at')) }}, false) as is_before_go_live,
    refunds.stripe_refund_id is not null as is_refund_known,
    {{ refund_state('refunds') }} = 'failed' as is_failed,
    {{ refund_state('refunds') }} = 'failed'
    and out_of_band_by_hand.document_id is not null as is_out_of_band
from links
left join {{ ref('stg_stripe__refunds') }} as refunds on links.stripe_refund_id = refunds.stripe_refund_id
left join out_of_band_by_hand on links.credit_note_id = out_of_band_by_hand.document_id
