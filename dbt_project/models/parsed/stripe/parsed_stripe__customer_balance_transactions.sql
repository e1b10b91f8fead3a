{{ config(materialized='incremental', unique_key='id', incremental_strategy='delete+insert', on_schema_change='fail') }}

with

parsed as (
    select id, parent_id, content_hash, fetched_at, raw_row_id, {{ parse_json('payload', '{
        "amount": "BIGINT", "ending_balance": "BIGINT", "currency": "VARCHAR", "customer": "JSON",
        "customer_account": "JSON", "invoice": "JSON", "credit_note": "JSON",
        "checkout_session": "JSON", "type": "VARCHAR", "created": "BIGINT"
    }') }} as object
    from ({{ changed_objects('customer_balance_transactions') }}) as changed
)

select
    ---------- ids
    id as balance_transaction_id,
    coalesce({{ stripe_customer('object') }}, parent_id) as stripe_customer_id,
    {{ expandable_id(field('object.invoice', 'json')) }} as stripe_invoice_id,
    {{ expandable_id(field('object.credit_note', 'json')) }} as credit_note_id,
    {{ expandable_id(field('object.checkout_session', 'json')) }} as checkout_session_id,

    ---------- state
    {{ field('object.type') }} as transaction_type,
    {{ field('object.currency') }} as currency,

    ---------- amounts (minor units; negative = credit to the customer)
    {{ field('object.amount', 'bigint') }} as amount_minor,
    {{ field('object.ending_balance', 'bigint') }} as ending_balance_minor,

    ---------- timestamps (UTC)
    {{ epoch_to_timestamp(field('object.created', 'bigint')) }} as created_at,

    ---------- version, and whose it is
    coalesce({{ stripe_customer('object') }}, parent_id, '') as customer_key,
    id,
    content_hash,
    fetched_at,
    raw_row_id
from parsed
