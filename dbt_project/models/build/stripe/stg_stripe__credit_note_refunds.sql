with

entries as (
    {{ unnest_rows(
        ref('stg_stripe__credit_note_structs'), ['id'], field('note.refunds', 'json'),
        'entry', 'entry_number'
    ) }}
)

select
    id as credit_note_id,
    cast(entry_number as integer) as entry_number,
    -- a payment_record_refund has no Stripe refund: the money moved outside Stripe (C1)
    case
        when {{ field('entry.type') }} = 'payment_record_refund' then null
        else {{ expandable_id(field('entry.refund', 'json')) }}
    end as stripe_refund_id,
    {{ field('entry.amount_refunded', 'bigint') }} as refunded_minor
from entries
