-- NetSuite items whose external id is a price or product on lines of the customers in scope.
with

concerning as (
    {{ concerning_scope(source('raw_netsuite', 'items'), ref('int_line_names')) }}
)

select
    id as netsuite_item_id,
    externalid as external_id,
    coalesce(isinactive, 'F') = 'T' as is_inactive
from concerning
