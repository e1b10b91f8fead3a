select
    id as netsuite_item_id,
    max(itemid) as item_name,
    max(externalid) as external_id,
    max(itemtype) as item_type,
    coalesce(max(isinactive), 'F') = 'T' as is_inactive
from {{ source('raw_netsuite', 'items') }}
where id is not null
group by id
