-- Names (models/scope) of the NetSuite items that lines of the customers in scope can have: those whose external id
-- is one of int_line_names, and those that the Stripe Connector linked to a price or coupon (rule K5).
with

linked as (
    {%- for column in [
        'metadata_netsuite_service_sale_item_id', 'metadata_netsuite_service_resale_item_id',
        'metadata_netsuite_non_inventory_sale_item_id', 'metadata_netsuite_non_inventory_resale_item_id',
    ] %}
    select stripe_price_id as stripe_id, {{ column }} as netsuite_item_id from {{ ref('stg_stripe__prices') }}
    union all
    {%- endfor %}
    select stripe_coupon_id as stripe_id, metadata_netsuite_discount_item_id as netsuite_item_id
    from {{ ref('stg_stripe__coupons') }}
)

select customer_key, name from {{ ref('int_line_names') }}
union
select
    line_names.customer_key,
    {{ name_key('netsuite_item', 'linked.netsuite_item_id') }} as name
from linked
inner join {{ ref('int_line_names') }} as line_names on {{ name_key('stripe', 'linked.stripe_id') }} = line_names.name
where linked.netsuite_item_id is not null
