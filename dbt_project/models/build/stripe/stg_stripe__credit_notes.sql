select
    ---------- ids
    id as credit_note_id,
    {{ stripe_customer('note') }} as stripe_customer_id,
    {{ expandable_id(field('note.customer_account', 'json')) }} as stripe_customer_account_id,
    {{ expandable_id(field('note.invoice', 'json')) }} as stripe_invoice_id,
    {{ expandable_id(field('note.customer_balance_transaction', 'json')) }} as customer_balance_transaction_id,
    {{ field('note.number') }} as credit_note_number,
    metadata_netsuite_memo_id,

    ---------- state
    {{ field('note.status') }} as credit_note_status,
    {{ field('note.currency') }} as currency,
    {{ field('note.memo') }} as memo,
    {{ json_text(field('note.metadata', 'json'), "'$.netsuite_block_integration'") }} as netsuite_block_integration,

    ---------- amounts (minor units)
    coalesce({{ field('note.total', 'bigint') }}, {{ field('note.amount', 'bigint') }}) as total_minor,
    {{ field('note.pre_payment_amount', 'bigint') }} as pre_payment_minor,
    coalesce({{ field('note.out_of_band_amount', 'bigint') }}, 0) as out_of_band_minor,
    coalesce({{ field('note.shipping_cost.amount_total', 'bigint') }}, 0) as shipping_minor,
    -- null when the row is not expanded; the ledger has the amount then
    cast({{ json_text(field('note.customer_balance_transaction', 'json'), "'$.amount'") }} as bigint)
        as expanded_balance_transaction_minor,

    ---------- timestamps (UTC)
    {{ epoch_to_timestamp(field('note.created', 'bigint')) }} as created_at,
    coalesce(
        {{ epoch_to_timestamp(field('note.effective_at', 'bigint')) }},
        {{ epoch_to_timestamp(field('note.created', 'bigint')) }}
    ) as effective_at
from {{ ref('stg_stripe__credit_note_structs') }}
