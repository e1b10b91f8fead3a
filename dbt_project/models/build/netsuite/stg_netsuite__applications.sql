with

concerning as (
    {{ concerning_scope(source('raw_netsuite', 'applications'), ref('scope_names')) }}
)

select
    previousdoc as previous_transaction_id,
    nextdoc as next_transaction_id,
    sum(abs(coalesce(cast(foreignamount as decimal(22, 3)), 0))) as applied_amount
from concerning
where lower(linktype) = 'payment'
group by previousdoc, nextdoc
