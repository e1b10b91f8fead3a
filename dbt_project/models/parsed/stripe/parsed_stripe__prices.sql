{{ config(materialized='incremental', unique_key='id', incremental_strategy='delete+insert', on_schema_change='fail') }}

with

parsed as (
    select id, parent_id, content_hash, fetched_at, raw_row_id, {{ parse_json('payload', '
        {"product": "JSON", "nickname": "VARCHAR", "metadata": "JSON"}
    ') }} as object
    from ({{ changed_objects('prices') }}) as changed
)

select
    ---------- ids
    id as stripe_price_id,
    {{ expandable_id(field('object.product', 'json')) }} as stripe_product_id,
    nullif(trim({{ json_text(field('object.metadata', 'json'), "'$.netsuite_service_sale_item_id'") }}), '')
        as metadata_netsuite_service_sale_item_id,
    nullif(trim({{ json_text(field('object.metadata', 'json'), "'$.netsuite_service_resale_item_id'") }}), '')
        as metadata_netsuite_service_resale_item_id,
    nullif(trim({{ json_text(field('object.metadata', 'json'), "'$.netsuite_non_inventory_sale_item_id'") }}), '')
        as metadata_netsuite_non_inventory_sale_item_id,
    nullif(trim({{ json_text(field('object.metadata', 'json'), "'$.netsuite_non_inventory_resale_item_id'") }}), '')
        as metadata_netsuite_non_inventory_resale_item_id,

    ---------- content
    {{ field('object.nickname') }} as nickname,

    ---------- version
    id,
    content_hash,
    fetched_at,
    raw_row_id
from parsed
