-- NetSuite account of each purpose and currency: the currency's own row, else the row for any currency (R1, G2, L1).
{{ config(materialized='replaced_view') }}

-- A broken account_map.csv must stop the build before the marts. dbt runs a data test before the models that descend
-- from everything that the test reads, and the test of account_map reads this source.
-- depends_on: {{ source('raw_netsuite', 'accounts') }}

with

mapped as (
    select
        {{ cell('purpose') }} as purpose,
        lower({{ cell('currency') }}) as currency,
        {{ cell('netsuite_account_id') }} as netsuite_account_id
    from {{ ref('account_map') }}
),

purposes as (
    select distinct purpose from mapped
)

select
    purposes.purpose,
    currencies.currency,
    max(coalesce(own.netsuite_account_id, any_currency.netsuite_account_id)) as netsuite_account_id
from purposes
cross join {{ ref('reference_currencies') }} as currencies
left join mapped as own on purposes.purpose = own.purpose and currencies.currency = own.currency
left join mapped as any_currency on purposes.purpose = any_currency.purpose and any_currency.currency is null
group by purposes.purpose, currencies.currency
