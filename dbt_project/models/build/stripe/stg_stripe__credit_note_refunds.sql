with

entries as (
    {{ unnest_rows(ref('stg_stripe__credit_note_structs'), ['id'], 'note.refunds', 'entry', 'entry_number') }}
)

select
    id as credit_note_id,
    cast(entry_number as integer) as entry_number,
    -- a payment_record_refund has no Stripe refund: the money moved outside Stripe (C1)
    case
        when entry.type = 'payment_record_refund' then null else {{ expandable_id('entry.refund') }}
    end as stripe_refund_id,
    entry.amount_refunded as refunded_minor
from entries
