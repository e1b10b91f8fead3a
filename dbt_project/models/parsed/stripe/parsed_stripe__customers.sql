{{ config(materialized='incremental', unique_key='id', incremental_strategy='delete+insert', on_schema_change='fail') }}

with

parsed as (
    select id, parent_id, content_hash, fetched_at, raw_row_id, {{ parse_json('payload', '{
        "balance": "BIGINT", "currency": "VARCHAR", "deleted": "BOOLEAN", "metadata": "JSON",
        "customer_account": "JSON"
    }') }} as object
    from ({{ changed_objects('customers') }})
)

select
    ---------- ids
    id as stripe_customer_id,
    {{ expandable_id('object.customer_account') }} as stripe_customer_account_id,
    {{ ids_in_text(json_text('object.metadata', "'$.netsuite_customer_id'")) }} as metadata_netsuite_customer_id,

    ---------- state
    coalesce(object.deleted, false) as is_deleted,
    object.currency as default_currency,

    ---------- amounts (minor units; negative = credit)
    object.balance as balance_minor,

    ---------- version
    id,
    content_hash,
    fetched_at,
    raw_row_id
from parsed
