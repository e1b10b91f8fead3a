-- Discounts, billing credits and taxes of lines, one row each, with the signs that Stripe shows: discounts and credits
-- are positive. Shipping and its taxes belong to no line.
{{ stripe_document_amounts(ref('stg_stripe__invoice_structs'), 'invoice') }}
