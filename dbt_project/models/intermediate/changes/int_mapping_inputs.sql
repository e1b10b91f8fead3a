-- What each key that a line is mapped by stands for in NetSuite today.
select 'price' as key_type, stripe_price_id || '|' || stripe_product_id as key_value, coalesce(netsuite_item_id, '') || '|' || coalesce(item_external_id, '') as mapped_to
from {{ ref('int_price_items') }}
union all
select 'tax', stripe_tax_rate_id, coalesce(netsuite_item_id, '') || '|' || coalesce(netsuite_tax_code_id, '') || '|' || coalesce(netsuite_tax_type_id, '')
    || '|' || coalesce(cast(percentage as varchar), '') || '|' || cast(is_flat as varchar)
from {{ ref('int_tax_codes') }}
union all
select 'discount', discounts.stripe_discount_id, coalesce(coupon_map.netsuite_item_id, '')
from {{ ref('stg_stripe__discounts') }} as discounts
left join (
    select {{ cell('stripe_id') }} as stripe_id, max({{ cell('netsuite_item_id') }}) as netsuite_item_id
    from {{ ref('item_map') }}
    group by {{ cell('stripe_id') }}
) as coupon_map on discounts.stripe_coupon_id = coupon_map.stripe_id
union all
-- a role serves documents of all kinds: its item changes seldom, and then everything is derived again
select 'role', 'all', coalesce(string_agg(role || '=' || netsuite_item_id, ',' order by role), '')
from {{ ref('int_default_items') }}
