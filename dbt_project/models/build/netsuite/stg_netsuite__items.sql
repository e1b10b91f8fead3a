-- NetSuite items that lines of the customers in scope can have (int_item_names).
with

concerning as (
    {{ concerning_scope(source('raw_netsuite', 'items'), ref('int_item_names')) }}
)

select
    id as netsuite_item_id,
    externalid as external_id,
    itemtype as item_type,
    coalesce(isinactive, 'F') = 'T' as is_inactive
from concerning
