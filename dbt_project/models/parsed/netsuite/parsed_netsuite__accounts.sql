select
    id as netsuite_account_id,
    coalesce(isinactive, 'F') = 'T' as is_inactive
from {{ source('raw_netsuite', 'accounts') }}
