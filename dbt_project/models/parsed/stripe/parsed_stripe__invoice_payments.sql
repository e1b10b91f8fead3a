{{ config(materialized='incremental', unique_key='id', incremental_strategy='delete+insert', on_schema_change='fail') }}

with

parsed as (
    select id, parent_id, content_hash, fetched_at, raw_row_id, {{ parse_json('payload', '{
        "invoice": "JSON", "status": "VARCHAR", "currency": "VARCHAR",
        "amount_paid": "BIGINT", "payment": {"type": "VARCHAR"}
    }') }} as object
    from ({{ changed_objects('invoice_payments') }})
)

select
    ---------- ids
    {{ expandable_id('object.invoice') }} as stripe_invoice_id,

    ---------- state
    object.status as payment_status,
    object.payment.type as payment_type,
    object.currency as currency,

    ---------- amounts (minor units)
    coalesce(object.amount_paid, 0) as paid_minor,

    ---------- version
    id,
    content_hash,
    fetched_at,
    raw_row_id
from parsed
