-- The NetSuite customer of each Stripe customer (rule X1).
with

stripe_customers as (
    select
        stripe_customer_id,
        metadata_netsuite_customer_id
    from {{ ref('stg_stripe__customers') }}

    union all

    -- Stripe's lists leave out deleted customers and those on test clocks, but not their documents
    select distinct
        documents.stripe_customer_id,
        cast(null as {{ text() }}) as metadata_netsuite_customer_id
    from {{ ref('int_credit_documents') }} as documents
    where
        documents.stripe_customer_id is not null
        and not exists (
            select 1 from {{ ref('stg_stripe__customers') }} as customers
            where customers.stripe_customer_id = documents.stripe_customer_id
        )
),

mapped as (
    select
        stripe_customer_id,
        max(netsuite_customer_id) as netsuite_customer_id
    from {{ ref('stg_mapping__customer_map') }}
    group by stripe_customer_id
),

accounts as (
    select
        stripe_customer_id,
        stripe_customer_account_id
    from {{ ref('stg_stripe__customers') }}
    union
    select
        stripe_customer_id,
        stripe_customer_account_id
    from {{ ref('int_credit_documents') }}
),

mapped_accounts as (
    select
        accounts.stripe_customer_id,
        max(mapped.netsuite_customer_id) as netsuite_customer_id
    from accounts
    inner join mapped on accounts.stripe_customer_account_id = mapped.stripe_customer_id
    group by accounts.stripe_customer_id
),

wanted as (
    select
        stripe_customers.stripe_customer_id as stripe_id,
        -- a row for the customer wins over one for its account
        coalesce(mapped.netsuite_customer_id, mapped_accounts.netsuite_customer_id) as mapped_netsuite_id,
        stripe_customers.metadata_netsuite_customer_id as metadata_netsuite_id
    from stripe_customers
    left join mapped on stripe_customers.stripe_customer_id = mapped.stripe_customer_id
    left join mapped_accounts on stripe_customers.stripe_customer_id = mapped_accounts.stripe_customer_id
),

records as (
    select
        netsuite_customer_id as netsuite_id,
        external_id,
        custom_field_stripe_id,
        is_inactive as is_out_of_use,
        netsuite_subsidiary_id,
        netsuite_receivables_account_id
    from {{ ref('stg_netsuite__customers') }}
),

resolved as (
    {{ netsuite_record_of('wanted', 'records', 'customer_map.csv', 'netsuite_customer_id') }}
)

select
    resolved.stripe_id as stripe_customer_id,
    resolved.wanted_netsuite_id,
    resolved.found_by,
    resolved.ambiguous_netsuite_ids,
    records.netsuite_id as netsuite_customer_id,
    records.netsuite_subsidiary_id,
    records.netsuite_receivables_account_id
from resolved
left join records on resolved.wanted_netsuite_id = records.netsuite_id
