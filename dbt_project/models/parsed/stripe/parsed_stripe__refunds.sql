{{ config(materialized='incremental', unique_key='id', incremental_strategy='delete+insert', on_schema_change='fail') }}

with

parsed as (
    select id, parent_id, content_hash, fetched_at, raw_row_id, {{ parse_json('payload', '{
        "amount": "BIGINT", "currency": "VARCHAR", "status": "VARCHAR", "created": "BIGINT",
        "balance_transaction": "JSON", "reason": "VARCHAR", "failure_reason": "VARCHAR", "metadata": "JSON"
    }') }} as object
    from ({{ changed_objects('refunds') }})
)

select
    ---------- ids
    id as stripe_refund_id,
    {{ expandable_id('object.balance_transaction') }} as stripe_balance_transaction_id,
    nullif(trim({{ json_text('object.metadata', "'$.netsuite_credit_memo_id'") }}), '') as metadata_netsuite_memo_id,
    nullif(trim({{ json_text('object.metadata', "'$.netsuite_customer_refund_id'") }}), '')
        as metadata_netsuite_refund_id,

    ---------- state
    object.status as refund_status,
    object.reason as refund_reason,
    object.failure_reason as failure_reason,
    object.currency as currency,

    ---------- amounts (minor units)
    object.amount as amount_minor,

    ---------- timestamps (UTC)
    {{ epoch_to_timestamp('object.created') }} as created_at,

    ---------- version
    id,
    content_hash,
    fetched_at,
    raw_row_id
from parsed
