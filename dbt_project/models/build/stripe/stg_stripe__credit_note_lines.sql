with

line_rows as (
    {{ unnest_rows(
        ref('stg_stripe__credit_note_structs'), ['id'], field('note.lines.data', 'json'),
        'line', 'line_position'
    ) }}
)

select
    ---------- ids
    id as credit_note_id,
    {{ field('line.id') }} as stripe_line_id,
    {{ expandable_id(field('line.invoice_line_item', 'json')) }} as stripe_invoice_line_id,

    ---------- content
    cast(line_position as integer) as line_position,
    {{ field('line.description') }} as description,
    -- Stripe cuts the decimals of quantity off
    coalesce(
        {{ field('line.quantity_decimal', 'decimal(38, 12)') }},
        cast({{ field('line.quantity', 'bigint') }} as decimal(38, 12))
    ) as quantity,

    ---------- amounts (minor units)
    {{ field('line.amount', 'bigint') }} as amount_minor
from line_rows
