select
    id as netsuite_item_id,
    externalid as external_id,
    coalesce(isinactive, 'F') = 'T' as is_inactive
from {{ source('raw_netsuite', 'items') }}
