-- Checkout sessions that the ledger of a customer in scope names, with the invoice that each paid.
with

concerning as (
    {{ concerning_scope(ref('parsed_stripe__checkout_sessions'), ref('scope_names')) }}
)

select
    checkout_session_id,
    stripe_invoice_id
from concerning
