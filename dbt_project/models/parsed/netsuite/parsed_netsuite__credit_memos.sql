-- Every credit memo of the snapshot, whoever made it. No rule reads them here: they read stg_netsuite__transactions.
select
    transactions.id as netsuite_transaction_id,
    transactions.externalid as external_id,
    transactions.type as transaction_type,
    transactions.account as netsuite_account_id,
    lower(currencies.symbol) as currency,
    coalesce(transactions.voided, 'F') = 'T' as is_voided,
    coalesce(cast(transactions.foreigntotal as decimal(22, 3)), 0) as total_amount,
    cast(transactions.trandate as date) as tran_date
from {{ source('raw_netsuite', 'transactions') }} as transactions
left join {{ source('raw_netsuite', 'currencies') }} as currencies on transactions.currency = currencies.id
where transactions.type = 'CustCred'
