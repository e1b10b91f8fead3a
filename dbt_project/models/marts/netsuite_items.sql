select
    netsuite_item_id,
    item_name,
    external_id,
    item_type,
    is_inactive
from {{ ref('parsed_netsuite__items') }}
