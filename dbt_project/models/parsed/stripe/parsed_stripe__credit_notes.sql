{{ config(materialized='incremental', unique_key='id', incremental_strategy='delete+insert', on_schema_change='fail') }}

-- Each payload is parsed once, when it is new; every other model reads the struct.
with

parsed as (
    select id, content_hash, fetched_at, raw_row_id, {{ parse_json('payload', '{
        "amount": "BIGINT", "total": "BIGINT", "pre_payment_amount": "BIGINT", "post_payment_amount": "BIGINT",
        "out_of_band_amount": "BIGINT", "currency": "VARCHAR", "customer": "JSON", "customer_account": "JSON",
        "invoice": "JSON", "created": "BIGINT",
        "effective_at": "BIGINT", "status": "VARCHAR", "memo": "VARCHAR", "number": "VARCHAR", "metadata": "JSON",
        "customer_balance_transaction": "JSON",
        "refunds": [{"amount_refunded": "BIGINT", "refund": "JSON", "type": "VARCHAR"}],
        "discount_amounts": [{"amount": "BIGINT", "discount": "JSON"}],
        "shipping_cost": {
            "amount_total": "BIGINT", "amount_tax": "BIGINT",
            "taxes": [{"amount": "BIGINT", "rate": "JSON", "taxable_amount": "BIGINT"}]},
        "lines": {"data": [{
            "id": "VARCHAR", "type": "VARCHAR", "amount": "BIGINT", "description": "VARCHAR",
            "quantity": "BIGINT", "quantity_decimal": "DECIMAL(38,12)",
            "invoice_line_item": "JSON",
            "discount_amounts": [{"amount": "BIGINT", "discount": "JSON"}],
            "pretax_credit_amounts": [{"amount": "BIGINT", "type": "VARCHAR"}],
            "taxes": [{"amount": "BIGINT", "tax_behavior": "VARCHAR", "taxable_amount": "BIGINT",
                "tax_rate_details": {"tax_rate": "JSON"}}]
        }]}
    }') }} as note
    from ({{ changed_objects('credit_notes') }}) as changed
)

select
    id,
    content_hash,
    fetched_at,
    raw_row_id,
    coalesce({{ stripe_customer('note') }}, '') as customer_key,
    {{ expandable_id(field('note.invoice', 'json')) }} as stripe_invoice_id,
    nullif(trim({{ json_text(field('note.metadata', 'json'), "'$.netsuite_credit_memo_id'") }}), '')
        as metadata_netsuite_memo_id,
    {{ field('note.currency') }} as currency,
    coalesce({{ field('note.total', 'bigint') }}, {{ field('note.amount', 'bigint') }}) as total_minor,
    note
from parsed
