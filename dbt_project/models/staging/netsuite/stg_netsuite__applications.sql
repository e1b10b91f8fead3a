{{ config(materialized='table') }}

select
    previousdoc as previous_transaction_id,
    nextdoc as next_transaction_id,
    sum(abs(coalesce(cast(foreignamount as decimal(22, 3)), 0))) as applied_amount
from {{ source('raw_netsuite', 'applications') }}
where
    lower(linktype) = 'payment'
    and previousdoc in (select transactions.netsuite_transaction_id from {{ ref('stg_netsuite__transactions') }} as transactions)
group by previousdoc, nextdoc
