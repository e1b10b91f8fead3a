with

line_rows as (
    {{ unnest_rows(ref('stg_stripe__invoice_structs'), ['id'], 'invoice.lines.data', 'line', 'line_position') }}
)

select
    ---------- ids
    id as stripe_invoice_id,
    line.id as stripe_line_id,
    {{ expandable_id('line.pricing.price_details.price') }} as stripe_price_id,
    {{ expandable_id('line.pricing.price_details.product') }} as stripe_product_id,

    ---------- content
    cast(line_position as integer) as line_position,
    line.description as description,
    line.quantity as quantity,

    ---------- amounts (minor units)
    line.amount as amount_minor,

    ---------- timestamps (UTC); Stripe's period end is exclusive
    {{ epoch_to_timestamp('line.period.start') }} as period_start_at,
    {{ epoch_to_timestamp('line.period.end') }} as period_end_at
from line_rows
