{{ config(materialized='incremental', unique_key='id', incremental_strategy='delete+insert', on_schema_change='fail') }}

with

parsed as (
    select id, parent_id, content_hash, fetched_at, raw_row_id, {{ parse_json('payload', '{
        "percentage": "DECIMAL(22,10)", "effective_percentage": "DECIMAL(22,10)", "rate_type": "VARCHAR"
    }') }} as object
    from ({{ changed_objects('tax_rates') }}) as changed
)

select
    ---------- ids
    id as stripe_tax_rate_id,

    ---------- content
    coalesce(
        {{ field('object.effective_percentage', 'decimal(22, 10)') }},
        {{ field('object.percentage', 'decimal(22, 10)') }}
    ) as percentage,
    coalesce({{ field('object.rate_type') }}, 'percentage') = 'flat_amount' as is_flat,

    ---------- version
    id,
    content_hash,
    fetched_at,
    raw_row_id
from parsed
