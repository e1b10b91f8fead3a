{{ config(materialized='incremental', unique_key='id', incremental_strategy='delete+insert', on_schema_change='fail') }}

with

parsed as (
    select id, parent_id, content_hash, fetched_at, raw_row_id, {{ parse_json('payload', '{
        "amount": "BIGINT", "currency": "VARCHAR", "status": "VARCHAR", "created": "BIGINT",
        "balance_transaction": "JSON", "reason": "VARCHAR", "failure_reason": "VARCHAR", "metadata": "JSON"
    }') }} as object
    from ({{ changed_objects('refunds') }}) as changed
)

select
    ---------- ids
    id as stripe_refund_id,
    {{ expandable_id(field('object.balance_transaction', 'json')) }} as stripe_balance_transaction_id,
    nullif(trim({{ json_text(field('object.metadata', 'json'), "'$.netsuite_credit_memo_id'") }}), '')
        as metadata_netsuite_memo_id,
    nullif(trim({{ json_text(field('object.metadata', 'json'), "'$.netsuite_customer_refund_id'") }}), '')
        as metadata_netsuite_refund_id,

    ---------- state
    {{ field('object.status') }} as refund_status,
    {{ field('object.reason') }} as refund_reason,
    {{ field('object.failure_reason') }} as failure_reason,
    {{ field('object.currency') }} as currency,

    ---------- amounts (minor units)
    {{ field('object.amount', 'bigint') }} as amount_minor,

    ---------- timestamps (UTC)
    {{ epoch_to_timestamp(field('object.created', 'bigint')) }} as created_at,

    ---------- version
    id,
    content_hash,
    fetched_at,
    raw_row_id
from parsed
