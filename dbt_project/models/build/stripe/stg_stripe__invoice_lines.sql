with

line_rows as (
    {{ unnest_rows(
        ref('stg_stripe__invoice_structs'), ['id'], field('invoice.lines.data', 'json'),
        'line', 'line_position'
    ) }}
)

select
    ---------- ids
    id as stripe_invoice_id,
    {{ field('line.id') }} as stripe_line_id,
    {{ expandable_id(field('line.pricing.price_details.price', 'json')) }} as stripe_price_id,
    {{ expandable_id(field('line.pricing.price_details.product', 'json')) }} as stripe_product_id,

    ---------- content
    cast(line_position as integer) as line_position,
    {{ field('line.description') }} as description,
    -- Stripe cuts the decimals of quantity off
    coalesce(
        {{ field('line.quantity_decimal', 'decimal(38, 12)') }},
        cast({{ field('line.quantity', 'bigint') }} as decimal(38, 12))
    ) as quantity,

    ---------- amounts (minor units)
    {{ field('line.amount', 'bigint') }} as amount_minor,

    ---------- timestamps (UTC); Stripe's period end is exclusive
    {{ epoch_to_timestamp(field('line.period.start', 'bigint')) }} as period_start_at,
    {{ epoch_to_timestamp(field('line.period.end', 'bigint')) }} as period_end_at
from line_rows
