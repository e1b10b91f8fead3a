-- A discount cannot be fetched by its id. Its coupon is known from credit notes and invoices that carry it expanded.
with

on_credit_notes as (
    {{ unnest_rows(
        ref('stg_stripe__credit_note_structs'), ['id'], field('note.discount_amounts', 'json'),
        'entry', 'entry_position'
    ) }}
),

on_invoices as (
    {{ unnest_rows(
        ref('stg_stripe__invoice_structs'), ['id'], field('invoice.total_discount_amounts', 'json'),
        'entry', 'entry_position'
    ) }}
),

discounts as (
    select {{ field('entry.discount', 'json') }} as discount from on_credit_notes
    union all
    select {{ field('entry.discount', 'json') }} as discount from on_invoices
),

named as (
    select
        {{ expandable_id('discount') }} as stripe_discount_id,
        {{ coupon_of('discount') }} as stripe_coupon_id
    from discounts
)

select
    stripe_discount_id,
    max(stripe_coupon_id) as stripe_coupon_id
from named
where stripe_coupon_id is not null
group by stripe_discount_id
