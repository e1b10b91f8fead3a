-- The NetSuite invoice of each Stripe invoice that a credit document concerns, landed or not (rules X1, C4).
with

concerned as (
    select
        stripe_invoice_id,
        stripe_customer_id
    from {{ ref('stg_stripe__credit_notes') }}

    union all

    select
        stripe_invoice_id,
        stripe_customer_id
    from {{ ref('int_balance_uses') }}

    union all

    select
        stripe_invoice_id,
        stripe_customer_id
    from {{ ref('stg_stripe__invoices') }}
    where total_minor < 0
),

stripe_invoices as (
    select
        concerned.stripe_invoice_id,
        case
            when max(invoices.stripe_invoice_id) is null then max(concerned.stripe_customer_id)
            else max(invoices.stripe_customer_id)
        end as stripe_customer_id,
        max(invoices.metadata_netsuite_invoice_id) as metadata_netsuite_invoice_id
    from concerned
    left join {{ ref('stg_stripe__invoices') }} as invoices on concerned.stripe_invoice_id = invoices.stripe_invoice_id
    where concerned.stripe_invoice_id is not null
    group by concerned.stripe_invoice_id
),

mapped as (
    select
        stripe_invoice_id,
        max(netsuite_invoice_id) as netsuite_invoice_id
    from {{ ref('stg_mapping__invoice_map') }}
    group by stripe_invoice_id
),

wanted as (
    select
        stripe_invoices.stripe_invoice_id as stripe_id,
        stripe_invoices.stripe_customer_id,
        mapped.netsuite_invoice_id as mapped_netsuite_id,
        stripe_invoices.metadata_netsuite_invoice_id as metadata_netsuite_id
    from stripe_invoices
    left join mapped on stripe_invoices.stripe_invoice_id = mapped.stripe_invoice_id
),

records as (
    select
        netsuite_transaction_id as netsuite_id,
        external_id,
        custom_field_stripe_id,
        is_voided as is_out_of_use,
        netsuite_customer_id,
        netsuite_subsidiary_id,
        netsuite_account_id,
        currency,
        total_amount,
        open_amount,
        approval_status
    from {{ ref('stg_netsuite__transactions') }}
    where transaction_type = 'CustInvc'
),

resolved as (
    {{ netsuite_record_of('wanted', 'records', 'invoice_map.csv', 'netsuite_invoice_id') }}
)

select
    resolved.stripe_id as stripe_invoice_id,
    wanted.stripe_customer_id,
    resolved.wanted_netsuite_id,
    resolved.found_by,
    resolved.ambiguous_netsuite_ids,
    records.netsuite_id as netsuite_invoice_id,
    records.netsuite_customer_id,
    records.netsuite_subsidiary_id,
    records.netsuite_account_id,
    records.currency,
    records.total_amount,
    records.open_amount,
    coalesce(records.is_out_of_use, false) as is_voided,
    records.approval_status
from resolved
inner join wanted on resolved.stripe_id = wanted.stripe_id
left join records on resolved.wanted_netsuite_id = records.netsuite_id
