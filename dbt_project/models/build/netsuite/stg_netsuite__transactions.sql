with

-- records under an external id of the build's objects, whatever its case (X2), or that a custom field, a mapping or
-- metadata names
transactions as (
    {{ concerning_scope(source('raw_netsuite', 'transactions'), ref('scope_names')) }}
)

select
    ---------- ids
    transactions.id as netsuite_transaction_id,
    transactions.externalid as external_id,
    transactions.stripe_id as custom_field_stripe_id,
    transactions.entity as netsuite_customer_id,
    transactions.currency as netsuite_currency_id,
    transactions.subsidiary as netsuite_subsidiary_id,
    transactions.account as netsuite_account_id,
    lower(currencies.symbol) as currency,

    ---------- state
    transactions.type as transaction_type,
    transactions.status as status,
    coalesce(transactions.voided, 'F') = 'T' as is_voided,

    ---------- amounts (major units, exact; credit memos are negative; absent = zero)
    coalesce(cast(transactions.foreigntotal as decimal(22, 3)), 0) as total_amount,
    coalesce(cast(transactions.foreignamountunpaid as decimal(22, 3)), 0) as open_amount,

    ---------- dates
    cast(transactions.trandate as date) as tran_date
from transactions
left join {{ source('raw_netsuite', 'currencies') }} as currencies on transactions.currency = currencies.id
