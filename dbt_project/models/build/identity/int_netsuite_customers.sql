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
        cast(null as varchar) as metadata_netsuite_customer_id
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

netsuite_customers as (
    select
        netsuite_customer_id,
        external_id,
        custom_field_stripe_id,
        netsuite_subsidiary_id,
        netsuite_receivables_account_id
    from {{ ref('stg_netsuite__customers') }}
),

by_custom_field as (
    select
        custom_field_stripe_id as stripe_customer_id,
        min(netsuite_customer_id) as netsuite_customer_id
    from netsuite_customers
    where custom_field_stripe_id is not null
    group by custom_field_stripe_id
),

by_external_id as (
    select
        external_id as stripe_customer_id,
        min(netsuite_customer_id) as netsuite_customer_id
    from netsuite_customers
    where external_id is not null
    group by external_id
),

-- the first source that names a record wins, also when NetSuite lacks that record
resolved as (
    select
        stripe_customers.stripe_customer_id,
        coalesce(
            mapped.netsuite_customer_id,
            nullif(trim(stripe_customers.metadata_netsuite_customer_id), ''),
            by_custom_field.netsuite_customer_id,
            by_external_id.netsuite_customer_id
        ) as wanted_netsuite_id,
        case
            when mapped.netsuite_customer_id is not null then 'customer_map.csv'
            when nullif(trim(stripe_customers.metadata_netsuite_customer_id), '') is not null
                then 'Stripe metadata netsuite_customer_id'
            when by_custom_field.netsuite_customer_id is not null then 'custom field'
            when by_external_id.netsuite_customer_id is not null then 'external id'
        end as found_by
    from stripe_customers
    left join mapped on stripe_customers.stripe_customer_id = mapped.stripe_customer_id
    left join by_custom_field on stripe_customers.stripe_customer_id = by_custom_field.stripe_customer_id
    left join by_external_id on stripe_customers.stripe_customer_id = by_external_id.stripe_customer_id
)

select
    resolved.stripe_customer_id,
    resolved.wanted_netsuite_id,
    resolved.found_by,
    netsuite_customers.netsuite_customer_id,
    netsuite_customers.netsuite_subsidiary_id,
    netsuite_customers.netsuite_receivables_account_id
from resolved
left join netsuite_customers on resolved.wanted_netsuite_id = netsuite_customers.netsuite_customer_id
