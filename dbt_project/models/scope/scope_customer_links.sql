{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}

-- Customers that have to be derived together: objects of theirs have, or name, the same id, or ids that are equal ignoring case (X2).
-- Stripe makes no such objects itself; found among what is new, since what is old was looked at before.
with

seen as {{ previous_build('scope', 'scope_seen_rows', ['input', 'last_row'], counts=is_incremental()) }},

kept_links as {{ previous_build('kept', 'kept_refund_links', ['stripe_refund_id', 'customer_key']) }},

credit_notes as (
    select id, customer_key, stripe_invoice_id, parse_batch > coalesce((select seen.last_row from seen where seen.input = 'base_stripe__credit_notes'), 0) as is_new
    from {{ ref('base_stripe__credit_notes') }}
),

invoices as (
    select id, customer_key, parse_batch > coalesce((select seen.last_row from seen where seen.input = 'base_stripe__invoices'), 0) as is_new
    from {{ ref('base_stripe__invoices') }}
),

ledger as (
    select
        customer_key,
        stripe_invoice_id,
        credit_note_id,
        parse_batch > coalesce((select seen.last_row from seen where seen.input = 'base_stripe__customer_balance_transactions'), 0) as is_new
    from {{ ref('base_stripe__customer_balance_transactions') }}
    where stripe_invoice_id is not null or credit_note_id is not null
),

new_notes as (
    select id, customer_key, note
    from {{ ref('base_stripe__credit_notes') }}
    where parse_batch > coalesce((select seen.last_row from seen where seen.input = 'base_stripe__credit_notes'), 0)
),

new_refunds as (
    {{ unnest_rows('new_notes', ['customer_key'], 'note.refunds', 'entry', 'entry_number') }}
),

names as (
    select lower(id) as folded_id, customer_key, is_new from credit_notes
    union all
    select lower(stripe_invoice_id), customer_key, is_new from credit_notes
    union all
    select lower(id), customer_key, is_new from invoices
    union all
    select lower(stripe_invoice_id), customer_key, is_new from ledger
    union all
    select lower(credit_note_id), customer_key, is_new from ledger
    union all
    select lower(stripe_refund_id), customer_key, false from kept_links
    union all
    select lower({{ expandable_id('entry.refund') }}), customer_key, true from new_refunds
),

shared_names as (
    select folded_id
    from names
    where folded_id in (select new_names.folded_id from names as new_names where new_names.is_new)
    group by folded_id
    having min(customer_key) <> max(customer_key)
)

select distinct one.customer_key, other.customer_key as other_key
from shared_names
inner join names as one on shared_names.folded_id = one.folded_id
inner join names as other on shared_names.folded_id = other.folded_id and one.customer_key <> other.customer_key
