{{ config(
    materialized='incremental', incremental_strategy='append', on_schema_change='fail',
    pre_hook="{{ forget_newly_parsed('base_stripe__invoices', 'document_id') }}",
) }}

-- What a line carries beside its own amount: discounts, billing credits and taxes, one row each; shipping and its taxes have no line.
-- Amounts as Stripe shows them (discounts and credits positive).
{{ stripe_document_amounts(newly_parsed(ref('base_stripe__invoices')), 'invoice') }}
