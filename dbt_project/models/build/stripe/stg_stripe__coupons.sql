-- Coupons of the discounts of customers in scope.
with

concerning as (
    {{ concerning_scope(ref('parsed_stripe__coupons'), ref('int_line_names')) }}
)

select
    stripe_coupon_id,
    metadata_netsuite_discount_item_id
from concerning
