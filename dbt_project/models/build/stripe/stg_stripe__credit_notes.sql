select
    ---------- ids
    id as credit_note_id,
    {{ stripe_customer('note') }} as stripe_customer_id,
    {{ expandable_id('note.customer_account') }} as stripe_customer_account_id,
    {{ expandable_id('note.invoice') }} as stripe_invoice_id,
    {{ expandable_id('note.customer_balance_transaction') }} as customer_balance_transaction_id,
    note.number as credit_note_number,
    metadata_netsuite_memo_id,

    ---------- state
    note.status as credit_note_status,
    note.currency as currency,
    note.memo as memo,
    {{ json_text('note.metadata', "'$.netsuite_block_integration'") }} as netsuite_block_integration,

    ---------- amounts (minor units)
    coalesce(note.total, note.amount) as total_minor,
    note.pre_payment_amount as pre_payment_minor,
    coalesce(note.out_of_band_amount, 0) as out_of_band_minor,
    coalesce(note.shipping_cost.amount_total, 0) as shipping_minor,
    -- null when the row is not expanded; the ledger has the amount then
    cast({{ json_text('note.customer_balance_transaction', "'$.amount'") }} as bigint)
        as expanded_balance_transaction_minor,

    ---------- timestamps (UTC)
    {{ epoch_to_timestamp('note.created') }} as created_at,
    {{ epoch_to_timestamp('coalesce(note.effective_at, note.created)') }} as effective_at
from {{ ref('stg_stripe__credit_note_structs') }}
