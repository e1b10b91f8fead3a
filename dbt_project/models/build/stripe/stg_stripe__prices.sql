-- Prices on lines of the customers in scope.
with

concerning as (
    {{ concerning_scope(ref('parsed_stripe__prices'), ref('int_line_names')) }}
)

select
    stripe_price_id,
    metadata_netsuite_service_sale_item_id,
    metadata_netsuite_service_resale_item_id,
    metadata_netsuite_non_inventory_sale_item_id,
    metadata_netsuite_non_inventory_resale_item_id
from concerning
