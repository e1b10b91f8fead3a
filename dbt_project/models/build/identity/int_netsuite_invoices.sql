with

stripe_invoices as (
    select
        stripe_invoice_id,
        stripe_customer_id,
        metadata_netsuite_invoice_id
    from {{ ref('stg_stripe__invoices') }}
    where stripe_invoice_id in (
        select stripe_invoice_id from {{ ref('stg_stripe__credit_notes') }}
        union all
        select stripe_invoice_id from {{ ref('int_balance_uses') }}
        union all
        select negative.stripe_invoice_id
        from {{ ref('stg_stripe__invoices') }} as negative
        where negative.total_minor < 0
    )
),

mapped as (
    select
        stripe_invoice_id,
        max(netsuite_invoice_id) as netsuite_invoice_id
    from {{ ref('stg_mapping__invoice_map') }}
    group by stripe_invoice_id
),

netsuite_invoices as (
    select
        netsuite_transaction_id as netsuite_invoice_id,
        external_id,
        custom_field_stripe_id,
        netsuite_customer_id,
        netsuite_subsidiary_id,
        netsuite_account_id,
        currency,
        total_amount,
        open_amount,
        is_voided
    from {{ ref('stg_netsuite__transactions') }}
    where transaction_type = 'CustInvc'
),

by_custom_field as (
    select
        custom_field_stripe_id as stripe_invoice_id,
        min(netsuite_invoice_id) as netsuite_invoice_id
    from netsuite_invoices
    where custom_field_stripe_id is not null
    group by custom_field_stripe_id
),

by_external_id as (
    select
        external_id as stripe_invoice_id,
        min(netsuite_invoice_id) as netsuite_invoice_id
    from netsuite_invoices
    where external_id is not null
    group by external_id
),

-- the first source that names a record wins, also when NetSuite lacks that record
resolved as (
    select
        stripe_invoices.stripe_invoice_id,
        stripe_invoices.stripe_customer_id,
        coalesce(
            mapped.netsuite_invoice_id,
            nullif(trim(stripe_invoices.metadata_netsuite_invoice_id), ''),
            by_custom_field.netsuite_invoice_id,
            by_external_id.netsuite_invoice_id
        ) as wanted_netsuite_id,
        case
            when mapped.netsuite_invoice_id is not null then 'invoice_map.csv'
            when nullif(trim(stripe_invoices.metadata_netsuite_invoice_id), '') is not null
                then 'Stripe metadata netsuite_invoice_id'
            when by_custom_field.netsuite_invoice_id is not null then 'custom field'
            when by_external_id.netsuite_invoice_id is not null then 'external id'
        end as found_by
    from stripe_invoices
    left join mapped on stripe_invoices.stripe_invoice_id = mapped.stripe_invoice_id
    left join by_custom_field on stripe_invoices.stripe_invoice_id = by_custom_field.stripe_invoice_id
    left join by_external_id on stripe_invoices.stripe_invoice_id = by_external_id.stripe_invoice_id
)

select
    resolved.stripe_invoice_id,
    resolved.stripe_customer_id,
    resolved.wanted_netsuite_id,
    resolved.found_by,
    netsuite_invoices.netsuite_invoice_id,
    netsuite_invoices.netsuite_customer_id,
    netsuite_invoices.netsuite_subsidiary_id,
    netsuite_invoices.netsuite_account_id,
    netsuite_invoices.currency,
    netsuite_invoices.total_amount,
    netsuite_invoices.open_amount,
    coalesce(netsuite_invoices.is_voided, false) as is_voided
from resolved
left join netsuite_invoices on resolved.wanted_netsuite_id = netsuite_invoices.netsuite_invoice_id
