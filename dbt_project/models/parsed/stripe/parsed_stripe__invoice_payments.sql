{{ config(materialized='incremental', unique_key='id', incremental_strategy='delete+insert', on_schema_change='fail') }}

with

parsed as (
    select id, parent_id, content_hash, fetched_at, raw_row_id, {{ parse_json('payload', '{
        "invoice": "JSON", "status": "VARCHAR", "currency": "VARCHAR",
        "amount_paid": "BIGINT", "payment": {"type": "VARCHAR"}
    }') }} as object
    from ({{ changed_objects('invoice_payments') }}) as changed
)

select
    ---------- ids
    {{ expandable_id(field('object.invoice', 'json')) }} as stripe_invoice_id,

    ---------- state
    {{ field('object.status') }} as payment_status,
    {{ field('object.payment.type') }} as payment_type,
    {{ field('object.currency') }} as currency,

    ---------- amounts (minor units)
    coalesce({{ field('object.amount_paid', 'bigint') }}, 0) as paid_minor,

    ---------- version
    id,
    content_hash,
    fetched_at,
    raw_row_id
from parsed
