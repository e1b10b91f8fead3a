{{ config(materialized='table') }}

with

-- what the objects of this build may be in NetSuite: a record under their external id, whatever its case (X2), or what custom field, mapping or metadata say
external_ids as (
    select lower(credit_note_id) as folded_id from {{ ref('stg_stripe__credit_notes') }}
    union all
    select lower(stripe_invoice_id) from {{ ref('stg_stripe__invoices') }}
    union all
    select lower(stripe_invoice_id || '_balance') from {{ ref('stg_stripe__invoices') }}
    union all
    -- an invoice that was not landed
    select lower(stripe_invoice_id || '_balance') from {{ ref('stg_stripe__customer_balance_transactions') }} where stripe_invoice_id is not null
),

wanted_ids as (
    select {{ cell('netsuite_invoice_id') }} as netsuite_id from {{ ref('invoice_map') }}
    union all
    select trim(metadata_netsuite_invoice_id) from {{ ref('stg_stripe__invoices') }}
),

concerned as (
    select id from {{ source('raw_netsuite', 'transactions') }} where lower(externalid) in (select external_ids.folded_id from external_ids)
    union
    select id from {{ source('raw_netsuite', 'transactions') }}
    where stripe_id in (select invoices.stripe_invoice_id from {{ ref('stg_stripe__invoices') }} as invoices)
    union
    select id from {{ source('raw_netsuite', 'transactions') }} where id in (select wanted_ids.netsuite_id from wanted_ids)
),

transactions as (
    select * from {{ source('raw_netsuite', 'transactions') }}
    where id in (select concerned.id from concerned)
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
