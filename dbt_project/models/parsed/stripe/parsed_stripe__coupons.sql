{{ config(materialized='incremental', unique_key='id', incremental_strategy='delete+insert', on_schema_change='fail') }}

with

parsed as (
    select id, parent_id, content_hash, fetched_at, raw_row_id, {{ parse_json('payload', '
        {"metadata": "JSON"}
    ') }} as object
    from ({{ changed_objects('coupons') }}) as changed
)

select
    ---------- ids
    id as stripe_coupon_id,
    nullif(trim({{ json_text(field('object.metadata', 'json'), "'$.netsuite_discount_item_id'") }}), '')
        as metadata_netsuite_discount_item_id,

    ---------- version
    id,
    content_hash,
    fetched_at,
    raw_row_id
from parsed
