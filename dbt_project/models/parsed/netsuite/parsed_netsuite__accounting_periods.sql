select
    id as netsuite_posting_period_id,
    cast(startdate as date) as starts_on,
    cast(enddate as date) as ends_on,
    -- a period that is closed or locked for receivables takes no record of ours (X4)
    coalesce(closed, 'F') <> 'T' and coalesce(arlocked, 'F') <> 'T' and coalesce(alllocked, 'F') <> 'T' as is_open
from {{ source('raw_netsuite', 'accounting_periods') }}
where
    coalesce(isyear, 'F') <> 'T'
    and coalesce(isquarter, 'F') <> 'T'
    and coalesce(isadjust, 'F') <> 'T'
    and coalesce(isinactive, 'F') <> 'T'
