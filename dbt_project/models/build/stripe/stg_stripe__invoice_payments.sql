-- Payments of the invoices in scope.
with

concerning as (
    {{ concerning_scope(ref('parsed_stripe__invoice_payments'), ref('scope_names')) }}
)

select
    ---------- ids
    stripe_invoice_id,

    ---------- state
    payment_status,
    payment_type,
    currency,

    ---------- amounts (minor units)
    paid_minor
from concerning
