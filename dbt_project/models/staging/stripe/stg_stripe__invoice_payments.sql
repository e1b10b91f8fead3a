{{ config(materialized='table') }}

select
    ---------- ids
    stripe_invoice_id,

    ---------- state
    payment_status,
    payment_type,
    currency,

    ---------- amounts (minor units)
    paid_minor
from {{ ref('base_stripe__invoice_payments') }}
where stripe_invoice_id in (select invoices.stripe_invoice_id from {{ ref('stg_stripe__invoices') }} as invoices)
