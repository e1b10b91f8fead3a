-- Rule C5: memos posted or to be posted for the credit notes of an invoice are not more than its total. More would
-- credit the customer with money that was never charged.
with

memo_sums as (
    select
        stripe_invoice_id,
        sum(amount_minor) as memo_minor
    from {{ ref('checked_credit_memos') }} as credit_memos
    where document_type = 'credit_note' and state in ('ready', 'posted')
    group by stripe_invoice_id
)

select
    'The memos of credit notes on invoice ' || memo_sums.stripe_invoice_id || ' come to '
    || cast(memo_sums.memo_minor as {{ text() }}) || ' minor units, more than its total of '
    || coalesce(cast(invoices.total_minor as {{ text() }}), '(unknown)') || '.' as message
from memo_sums
left join {{ ref('stg_stripe__invoices') }} as invoices on memo_sums.stripe_invoice_id = invoices.stripe_invoice_id
where coalesce(memo_sums.memo_minor > invoices.total_minor, true)
