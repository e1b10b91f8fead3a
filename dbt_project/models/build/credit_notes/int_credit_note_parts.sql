-- How each credit note was settled, and the amount of its memo in NetSuite (rules C1, C7, R2, R4).
with

manual_decisions as (
    select distinct
        document_id,
        decision
    from {{ ref('stg_mapping__manual_decisions') }}
),

entries as (
    select
        entries.credit_note_id,
        entries.stripe_refund_id,
        entries.refunded_minor,
        refunds.refund_status,
        coalesce(refunds.refund_status in ('failed', 'canceled'), false) as is_failed,
        manual_decisions.decision is not null as is_out_of_band_by_hand,
        entries.stripe_refund_id is null
        or (
            coalesce(refunds.refund_status in ('failed', 'canceled'), false)
            and manual_decisions.decision is not null
        ) as is_outside_stripe
    from {{ ref('stg_stripe__credit_note_refunds') }} as entries
    left join {{ ref('stg_stripe__refunds') }} as refunds
        on entries.stripe_refund_id = refunds.stripe_refund_id
    left join manual_decisions
        on entries.credit_note_id = manual_decisions.document_id and manual_decisions.decision = 'out_of_band'
),

refund_sums as (
    select
        credit_note_id,
        -- C7: the part that becomes customer refunds; C1, R4: the part that was paid outside Stripe
        sum(case when is_outside_stripe then 0 else refunded_minor end) as refunded_minor,
        sum(case when is_outside_stripe then refunded_minor else 0 end) as refunded_outside_minor,
        sum(case when refunded_minor is null then 1 else 0 end) as unreadable_refunds,
        min(case when is_failed and not is_out_of_band_by_hand then stripe_refund_id end) as failed_refund_id
    from entries
    group by credit_note_id
),

ledger as (
    select balance_transaction_id, credit_note_id, amount_minor
    from {{ ref('stg_stripe__customer_balance_transactions') }}
),

ledger_by_credit_note as (
    select
        credit_note_id,
        sum(amount_minor) as amount_minor
    from ledger
    where credit_note_id is not null
    group by credit_note_id
),

settled as (
    select
        credit_notes.credit_note_id,
        credit_notes.total_minor,
        credit_notes.pre_payment_minor,
        coalesce(refund_sums.refunded_minor, 0) as refunded_minor,
        credit_notes.out_of_band_minor + coalesce(refund_sums.refunded_outside_minor, 0) as out_of_band_minor,
        coalesce(refund_sums.unreadable_refunds, 0) as unreadable_refunds,
        refund_sums.failed_refund_id,
        credit_notes.customer_balance_transaction_id,
        coalesce(
            ledger_by_id.amount_minor,
            credit_notes.expanded_balance_transaction_minor,
            ledger_by_credit_note.amount_minor,
            case when credit_notes.customer_balance_transaction_id is null then 0 end
        ) as balance_transaction_minor
    from {{ ref('stg_stripe__credit_notes') }} as credit_notes
    left join refund_sums on credit_notes.credit_note_id = refund_sums.credit_note_id
    left join ledger as ledger_by_id
        on credit_notes.customer_balance_transaction_id = ledger_by_id.balance_transaction_id
    left join ledger_by_credit_note on credit_notes.credit_note_id = ledger_by_credit_note.credit_note_id
),

final as (
    select
        credit_note_id,
        total_minor,
        pre_payment_minor,
        refunded_minor,
        out_of_band_minor,
        pre_payment_minor + refunded_minor + out_of_band_minor as memo_minor,
        total_minor - (pre_payment_minor + refunded_minor + out_of_band_minor) as kept_minor,
        customer_balance_transaction_id,
        balance_transaction_minor,
        failed_refund_id,
        -- false also when an amount is missing or of another type
        coalesce(
            unreadable_refunds = 0
            and total_minor - (pre_payment_minor + refunded_minor + out_of_band_minor) = -balance_transaction_minor
            and total_minor - (pre_payment_minor + refunded_minor + out_of_band_minor) >= 0
            and pre_payment_minor >= 0 and out_of_band_minor >= 0,
            false
        ) as adds_up
    from settled
)

select * from final
