-- The NetSuite item of each coupon (rule L6): by item_map.csv, else, under `connector_records: adopt`, the
-- connector's link, then a discount item whose external id is the coupon (rule K5).
{{ config(materialized='replaced_view') }}

with

candidates as (
    select
        {{ cell('stripe_id') }} as stripe_coupon_id,
        {{ cell('netsuite_item_id') }} as netsuite_item_id,
        'item_map.csv ' || {{ cell('stripe_id') }} as found_by,
        1 as turn
    from {{ ref('item_map') }}
    {%- if var('connector_records') == 'adopt' %}

    union all

    select
        coupons.stripe_coupon_id,
        items.netsuite_item_id,
        'Stripe metadata of ' || coupons.stripe_coupon_id as found_by,
        2 as turn
    from {{ ref('stg_stripe__coupons') }} as coupons
    inner join {{ ref('stg_netsuite__items') }} as items
        on coupons.metadata_netsuite_discount_item_id = items.netsuite_item_id
    where not items.is_inactive

    union all

    select
        external_id as stripe_coupon_id,
        netsuite_item_id,
        'external id ' || external_id as found_by,
        3 as turn
    from {{ ref('stg_netsuite__items') }}
    where external_id is not null and item_type = 'Discount' and not is_inactive
    {%- endif %}
),

ranked as (
    select
        stripe_coupon_id,
        netsuite_item_id,
        found_by,
        max(case when turn > 1 then 1 else 0 end) over (partition by stripe_coupon_id) = 1 as is_found_without_row,
        row_number() over (partition by stripe_coupon_id order by turn asc, netsuite_item_id desc) as hit
    from candidates
)

select
    stripe_coupon_id,
    netsuite_item_id,
    found_by as item_found_by,
    is_found_without_row
from ranked
where hit = 1
