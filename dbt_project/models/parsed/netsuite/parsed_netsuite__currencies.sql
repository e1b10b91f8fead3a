select
    id as netsuite_currency_id,
    lower(symbol) as currency,
    cast(currencyprecision as integer) as netsuite_precision
from {{ source('raw_netsuite', 'currencies') }}
where coalesce(isinactive, 'F') <> 'T'
