{{ config(materialized='incremental', unique_key='id', incremental_strategy='delete+insert', on_schema_change='fail') }}

with

parsed as (
    select id, parent_id, content_hash, fetched_at, raw_row_id, {{ parse_json('payload', '
        {"name": "VARCHAR"}
    ') }} as object
    from ({{ changed_objects('products') }}) as changed
)

select
    ---------- ids
    id as stripe_product_id,

    ---------- content
    {{ field('object.name') }} as product_name,

    ---------- version
    id,
    content_hash,
    fetched_at,
    raw_row_id
from parsed
