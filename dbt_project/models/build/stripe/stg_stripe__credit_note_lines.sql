with

line_rows as (
    {{ unnest_rows(ref('stg_stripe__credit_note_structs'), ['id'], 'note.lines.data', 'line', 'line_position') }}
)

select
    ---------- ids
    id as credit_note_id,
    line.id as stripe_line_id,
    {{ expandable_id('line.invoice_line_item') }} as stripe_invoice_line_id,

    ---------- content
    cast(line_position as integer) as line_position,
    line.description as description,
    line.quantity as quantity,

    ---------- amounts (minor units)
    line.amount as amount_minor
from line_rows
