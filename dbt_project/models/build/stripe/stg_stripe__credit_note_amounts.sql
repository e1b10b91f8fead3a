{{ config(materialized='table') }}

-- What a line carries beside its own amount: discounts, billing credits and taxes, one row each; shipping and its taxes have no line.
-- Amounts as Stripe shows them (discounts and credits positive).
{{ stripe_document_amounts(ref('stg_stripe__credit_note_structs'), 'note') }}
