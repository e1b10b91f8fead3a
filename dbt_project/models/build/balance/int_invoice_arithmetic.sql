-- Rule B6, second half: total less pre-payment credit notes, use of balance and carried amounts = amount due. What an
-- invoice lacks is a ledger row that was not landed, or a checkout row that names no invoice (B1).
with

finalized_invoices as (
    select
        stripe_invoice_id,
        stripe_customer_id,
        currency,
        invoice_status,
        total_minor,
        amount_due_minor
    from {{ ref('stg_stripe__invoices') }}
    where invoice_status in ('open', 'paid', 'uncollectible', 'void') and total_minor >= 0
),

pre_payment as (
    select
        stripe_invoice_id,
        sum(pre_payment_minor) as pre_payment_minor
    from {{ ref('stg_stripe__credit_notes') }}
    where credit_note_status = 'issued'
    group by stripe_invoice_id
),

ledger as (
    select
        stripe_invoice_id,
        sum(case when movement in ('use', 'give_back') then amount_minor else 0 end) as used_minor,
        sum(case when movement = 'carried' then amount_minor else 0 end) as carried_minor
    from {{ ref('stg_stripe__customer_balance_transactions') }}
    where stripe_invoice_id is not null
    group by stripe_invoice_id
),

final as (
    select
        finalized_invoices.stripe_invoice_id,
        finalized_invoices.stripe_customer_id,
        finalized_invoices.currency,
        finalized_invoices.invoice_status,
        finalized_invoices.total_minor,
        finalized_invoices.amount_due_minor,
        coalesce(pre_payment.pre_payment_minor, 0) as pre_payment_minor,
        coalesce(ledger.used_minor, 0) as used_minor,
        coalesce(ledger.carried_minor, 0) as carried_minor,
        finalized_invoices.total_minor - coalesce(pre_payment.pre_payment_minor, 0) - coalesce(ledger.used_minor, 0)
        - coalesce(ledger.carried_minor, 0) - finalized_invoices.amount_due_minor as lacking_minor
    from finalized_invoices
    left join pre_payment on finalized_invoices.stripe_invoice_id = pre_payment.stripe_invoice_id
    left join ledger on finalized_invoices.stripe_invoice_id = ledger.stripe_invoice_id
)

select * from final
