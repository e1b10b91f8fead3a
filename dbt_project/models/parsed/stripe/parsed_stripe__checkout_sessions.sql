{{ config(materialized='incremental', unique_key='id', incremental_strategy='delete+insert', on_schema_change='fail') }}

with

parsed as (
    select id, content_hash, fetched_at, raw_row_id, {{ parse_json('payload', '{"invoice": "JSON"}') }} as object
    from ({{ changed_objects('checkout_sessions') }}) as changed
)

select
    ---------- ids
    id as checkout_session_id,
    {{ expandable_id(field('object.invoice', 'json')) }} as stripe_invoice_id,

    ---------- version
    id,
    content_hash,
    fetched_at,
    raw_row_id
from parsed
