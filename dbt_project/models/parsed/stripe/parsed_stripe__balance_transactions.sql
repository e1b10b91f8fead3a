{{ config(materialized='incremental', unique_key='id', incremental_strategy='delete+insert', on_schema_change='fail') }}

with

parsed as (
    select id, parent_id, content_hash, fetched_at, raw_row_id, {{ parse_json('payload', '
        {"source": "JSON", "type": "VARCHAR"}
    ') }} as object
    from ({{ changed_objects('balance_transactions') }}) as changed
)

select
    ---------- ids
    id as stripe_balance_transaction_id,
    parent_id as stripe_payout_id,
    {{ expandable_id(field('object.source', 'json')) }} as stripe_source_id,

    ---------- state
    {{ field('object.type') }} as transaction_type,

    ---------- version
    id,
    content_hash,
    fetched_at,
    raw_row_id
from parsed
