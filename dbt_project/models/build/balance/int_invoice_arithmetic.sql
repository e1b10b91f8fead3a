-- Rule B6, second half: total less pre-payment credit notes, use of balance and carried amounts = amount due, for every
-- invoice that is finalized and not void, with total >= 0. An unknown status counts as finalized (O5). What an invoice
-- lacks is a ledger row that was not landed (B8), or a checkout row that names no invoice (B9).
with recursive

finalized_invoices as (
    select
        stripe_invoice_id,
        stripe_customer_id,
        currency,
        invoice_status,
        total_minor,
        amount_due_minor,
        amount_remaining_minor,
        coalesce(pre_payment_credit_notes_minor, 0) as pre_payment_credit_notes_minor,
        finalized_at
    from {{ ref('stg_stripe__invoices') }}
    where total_minor >= 0 and coalesce(invoice_status, '') not in ('draft', 'void')
),

issued as (
    select
        stripe_invoice_id,
        sum(pre_payment_minor) as pre_payment_minor
    from {{ ref('stg_stripe__credit_notes') }}
    where credit_note_status = 'issued'
    group by stripe_invoice_id
),

unknown_notes as (
    select
        stripe_invoice_id,
        pre_payment_minor,
        row_number() over (partition by stripe_invoice_id order by created_at, credit_note_id) as note_number
    from {{ ref('stg_stripe__credit_notes') }}
    where coalesce(credit_note_status, '') not in ('issued', 'void') and pre_payment_minor is not null
),

-- O5: a note of unknown status counts if the invoice's own sum has room for it beside those that count before it
counted as (
    select
        finalized_invoices.stripe_invoice_id,
        cast(0 as bigint) as note_number,
        finalized_invoices.pre_payment_credit_notes_minor,
        cast(coalesce(issued.pre_payment_minor, 0) as bigint) as pre_payment_minor
    from finalized_invoices
    left join issued on finalized_invoices.stripe_invoice_id = issued.stripe_invoice_id

    union all

    select
        counted.stripe_invoice_id,
        unknown_notes.note_number,
        counted.pre_payment_credit_notes_minor,
        case
            when counted.pre_payment_minor + unknown_notes.pre_payment_minor <= counted.pre_payment_credit_notes_minor
                then counted.pre_payment_minor + unknown_notes.pre_payment_minor
            else counted.pre_payment_minor
        end as pre_payment_minor
    from counted
    inner join unknown_notes
        on
            counted.stripe_invoice_id = unknown_notes.stripe_invoice_id
            and counted.note_number + 1 = unknown_notes.note_number
),

pre_payment as (
    select
        stripe_invoice_id,
        max(pre_payment_minor) as pre_payment_minor
    from counted
    group by stripe_invoice_id
),

ledger as (
    select
        stripe_invoice_id,
        sum(case when movement in ('use', 'give_back') then amount_minor else 0 end) as used_minor,
        sum(case when movement = 'give_back' then amount_minor else 0 end) as given_back_minor,
        sum(case when movement = 'carried' then amount_minor else 0 end) as carried_minor
    from {{ ref('int_balance_ledger') }}
    where stripe_invoice_id is not null
    group by stripe_invoice_id
),

final as (
    select
        finalized_invoices.stripe_invoice_id,
        finalized_invoices.stripe_customer_id,
        finalized_invoices.currency,
        finalized_invoices.invoice_status,
        finalized_invoices.finalized_at,
        finalized_invoices.total_minor,
        finalized_invoices.amount_due_minor,
        finalized_invoices.amount_remaining_minor,
        pre_payment.pre_payment_minor,
        coalesce(ledger.used_minor, 0) as used_minor,
        coalesce(ledger.given_back_minor, 0) as given_back_minor,
        coalesce(ledger.carried_minor, 0) as carried_minor,
        finalized_invoices.total_minor - pre_payment.pre_payment_minor - coalesce(ledger.used_minor, 0)
        - coalesce(ledger.carried_minor, 0) - finalized_invoices.amount_due_minor as lacking_minor
    from finalized_invoices
    inner join pre_payment on finalized_invoices.stripe_invoice_id = pre_payment.stripe_invoice_id
    left join ledger on finalized_invoices.stripe_invoice_id = ledger.stripe_invoice_id
)

select * from final
