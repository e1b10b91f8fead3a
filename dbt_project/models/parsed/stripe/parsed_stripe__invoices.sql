{{ config(materialized='incremental', unique_key='id', incremental_strategy='delete+insert', on_schema_change='fail') }}

with

parsed as (
    select id, content_hash, fetched_at, raw_row_id, {{ parse_json('payload', '{
        "status": "VARCHAR", "currency": "VARCHAR", "customer": "JSON", "customer_account": "JSON", "created": "BIGINT",
        "total": "BIGINT", "amount_due": "BIGINT", "amount_remaining": "BIGINT",
        "pre_payment_credit_notes_amount": "BIGINT", "number": "VARCHAR", "metadata": "JSON",
        "status_transitions": {"finalized_at": "BIGINT", "paid_at": "BIGINT", "marked_uncollectible_at": "BIGINT"},
        "total_discount_amounts": [{"amount": "BIGINT", "discount": "JSON"}],
        "shipping_cost": {
            "amount_total": "BIGINT", "amount_tax": "BIGINT",
            "taxes": [{"amount": "BIGINT", "rate": "JSON", "taxable_amount": "BIGINT"}]},
        "lines": {"data": [{
            "id": "VARCHAR", "amount": "BIGINT", "description": "VARCHAR",
            "quantity": "BIGINT", "quantity_decimal": "DECIMAL(38,12)",
            "period": {"start": "BIGINT", "end": "BIGINT"},
            "pricing": {"price_details": {"price": "JSON", "product": "JSON"}},
            "discount_amounts": [{"amount": "BIGINT", "discount": "JSON"}],
            "pretax_credit_amounts": [{"amount": "BIGINT", "type": "VARCHAR"}],
            "taxes": [{"amount": "BIGINT", "tax_behavior": "VARCHAR", "taxable_amount": "BIGINT",
                "tax_rate_details": {"tax_rate": "JSON"}}]
        }]}
    }') }} as invoice
    from ({{ changed_objects('invoices') }}) as changed
)

select
    id,
    content_hash,
    fetched_at,
    raw_row_id,
    coalesce({{ stripe_customer('invoice') }}, '') as customer_key,
    {{ ids_in_text(json_text(field('invoice.metadata', 'json'), "'$.netsuite_invoice_id'")) }}
        as metadata_netsuite_invoice_id,
    {{ field('invoice.status') }} as invoice_status,
    {{ field('invoice.currency') }} as currency,
    {{ field('invoice.total', 'bigint') }} as total_minor,
    {{ field('invoice.amount_due', 'bigint') }} as amount_due_minor,
    {{ field('invoice.pre_payment_credit_notes_amount', 'bigint') }} as pre_payment_credit_notes_minor,
    invoice
from parsed
