-- The NetSuite item of each Stripe price (or product, where a line has no price), rule L1.
with

sold as (
    select distinct
        coalesce(stripe_price_id, '') as stripe_price_id,
        coalesce(stripe_product_id, '') as stripe_product_id
    from {{ ref('stg_stripe__invoice_lines') }}
),

mapped as (
    select
        {{ cell('stripe_id') }} as stripe_id,
        max({{ cell('netsuite_item_id') }}) as netsuite_item_id
    from {{ ref('item_map') }}
    group by {{ cell('stripe_id') }}
),

by_external_id as (
    select
        external_id as stripe_id,
        min(netsuite_item_id) as netsuite_item_id
    from {{ ref('stg_netsuite__items') }}
    where external_id is not null and not is_inactive
    group by external_id
),

{%- if var('connector_records') == 'adopt' %}

-- K5: the first of the connector's links that names an active item
linked as (
    select
        prices.stripe_price_id as stripe_id,
        coalesce(
            service_sale.netsuite_item_id,
            service_resale.netsuite_item_id,
            non_inventory_sale.netsuite_item_id,
            non_inventory_resale.netsuite_item_id
        ) as netsuite_item_id
    from {{ ref('stg_stripe__prices') }} as prices
    {%- for link in ['service_sale', 'service_resale', 'non_inventory_sale', 'non_inventory_resale'] %}
    left join {{ ref('stg_netsuite__items') }} as {{ link }}
        on
            prices.metadata_netsuite_{{ link }}_item_id = {{ link }}.netsuite_item_id
            and not {{ link }}.is_inactive
    {%- endfor %}
),
{%- endif %}

unallocated as (
    select max({{ cell('netsuite_item_id') }}) as netsuite_item_id
    from {{ ref('default_items') }}
    where {{ cell('role') }} = 'unallocated_invoice_item'
),

found as (
    select
        sold.stripe_price_id,
        sold.stripe_product_id,
        coalesce(price_map.netsuite_item_id, product_map.netsuite_item_id) as mapped_item_id,
        coalesce(
            {%- if var('connector_records') == 'adopt' %}
            linked.netsuite_item_id,
            {%- endif %}
            price_external.netsuite_item_id,
            product_external.netsuite_item_id
        ) as item_id_of_record,
        -- the same order once more
        case
            when price_map.netsuite_item_id is not null then 'item_map.csv ' || sold.stripe_price_id
            when product_map.netsuite_item_id is not null then 'item_map.csv ' || sold.stripe_product_id
            {%- if var('connector_records') == 'adopt' %}
            when linked.netsuite_item_id is not null then 'Stripe metadata of ' || sold.stripe_price_id
            {%- endif %}
            when price_external.netsuite_item_id is not null then 'external id ' || sold.stripe_price_id
            when product_external.netsuite_item_id is not null then 'external id ' || sold.stripe_product_id
        end as found_by,
        unallocated.netsuite_item_id as unallocated_item_id
    from sold
    cross join unallocated
    left join mapped as price_map on sold.stripe_price_id = price_map.stripe_id
    left join mapped as product_map on sold.stripe_product_id = product_map.stripe_id
    {%- if var('connector_records') == 'adopt' %}
    left join linked on sold.stripe_price_id = linked.stripe_id
    {%- endif %}
    left join by_external_id as price_external on sold.stripe_price_id = price_external.stripe_id
    left join by_external_id as product_external on sold.stripe_product_id = product_external.stripe_id
),

final as (
    select
        *,
        coalesce(mapped_item_id, item_id_of_record) as found_item_id,
        item_id_of_record is not null as is_found_without_row
    from found
)

select
    stripe_price_id,
    stripe_product_id,
    coalesce(
        found_by,
        case
            when '{{ var("missing_item") }}' = 'create' and stripe_price_id <> '' then 'created by the push'
            when '{{ var("missing_item") }}' <> 'block' and unallocated_item_id is not null
                then 'default_items.csv unallocated_invoice_item'
        end
    ) as item_found_by,
    {%- if var('missing_item') == 'unallocated' %}
    coalesce(found_item_id, unallocated_item_id) as netsuite_item_id,
    cast(null as {{ text() }}) as item_external_id,
    {%- elif var('missing_item') == 'create' %}
    case
        when found_item_id is null and stripe_price_id = '' then unallocated_item_id
        else found_item_id
    end as netsuite_item_id,
    case when found_item_id is null and stripe_price_id <> '' then stripe_price_id end as item_external_id,
{%- else %}
    found_item_id as netsuite_item_id,
    cast(null as {{ text() }}) as item_external_id,
{%- endif %}
    is_found_without_row
from final
