{{ config(materialized='incremental', unique_key='id', incremental_strategy='delete+insert', on_schema_change='fail') }}

with

parsed as (
    select id, parent_id, content_hash, fetched_at, raw_row_id, {{ parse_json('payload', '{
        "balance": "BIGINT", "currency": "VARCHAR", "deleted": "BOOLEAN", "metadata": "JSON",
        "customer_account": "JSON"
    }') }} as object
    from ({{ changed_objects('customers') }}) as changed
)

select
    ---------- ids
    id as stripe_customer_id,
    {{ expandable_id(field('object.customer_account', 'json')) }} as stripe_customer_account_id,
    {{ ids_in_text(json_text(field('object.metadata', 'json'), "'$.netsuite_customer_id'")) }}
        as metadata_netsuite_customer_id,

    ---------- state
    coalesce({{ field('object.deleted', 'boolean') }}, false) as is_deleted,
    {{ field('object.currency') }} as default_currency,

    ---------- amounts (minor units; negative = credit)
    {{ field('object.balance', 'bigint') }} as balance_minor,

    ---------- version
    id,
    content_hash,
    fetched_at,
    raw_row_id
from parsed
