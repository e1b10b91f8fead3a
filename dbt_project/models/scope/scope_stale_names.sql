-- The ids that the objects of stale customers have or name. Customers with the same name are derived together where
-- `links` is true: their objects share
-- an id or name one, or they are the same invoice in NetSuite (rules X2, C6).
with

stale as (
    select customer_key from {{ ref('scope_stale_customers') }}
),

-- fields of a payload are named here, so that the others are not read
credit_notes as (
    select
        id,
        customer_key,
        stripe_invoice_id,
        metadata_netsuite_memo_id,
        {{ field('note.refunds', 'json') }} as note_refunds,
        {{ expandable_id(field('note.customer_account', 'json')) }} as account_id
    from {{ ref('parsed_stripe__credit_notes') }}
    where customer_key in (select stale.customer_key from stale)
),

refund_entries as (
    {{ unnest_rows('credit_notes', ['id', 'customer_key'], 'note_refunds', 'entry', 'entry_number') }}
),

refunds as (
    select
        id as credit_note_id,
        customer_key,
        {{ expandable_id(field('entry.refund', 'json')) }} as stripe_refund_id
    from refund_entries
),

invoices as (
    select
        id,
        customer_key,
        metadata_netsuite_invoice_id,
        {{ expandable_id(field('invoice.customer_account', 'json')) }} as account_id
    from {{ ref('parsed_stripe__invoices') }}
    where customer_key in (select stale.customer_key from stale)
),

ledger as (
    select customer_key, stripe_invoice_id, credit_note_id, checkout_session_id
    from {{ ref('parsed_stripe__customer_balance_transactions') }}
    where customer_key in (select stale.customer_key from stale)
),

customers as (
    select stripe_customer_id as customer_key, stripe_customer_account_id, metadata_netsuite_customer_id
    from {{ ref('parsed_stripe__customers') }}
    where stripe_customer_id in (select stale.customer_key from stale)
),

-- customer_map.csv may name a customer by its account (rule X1)
accounts as (
    select customer_key, stripe_customer_account_id as id from customers
    union
    select customer_key, account_id as id from credit_notes
    union
    select customer_key, account_id as id from invoices
),

stripe_ids as (
    select customer_key, id from credit_notes
    union
    select customer_key, id from accounts
    union
    select customer_key, stripe_invoice_id as id from credit_notes
    union
    select customer_key, stripe_refund_id as id from refunds
    union
    select customer_key, {{ income_entry_id('stripe_refund_id', 'credit_note_id') }} as id from refunds
    union
    select customer_key, id from invoices
    union
    select customer_key, stripe_invoice_id as id from ledger
    union
    select customer_key, credit_note_id as id from ledger
    union
    select customer_key, checkout_session_id as id from ledger
    union
    -- B9: the invoice that a session names
    select ledger.customer_key, sessions.stripe_invoice_id as id
    from ledger
    inner join {{ ref('parsed_stripe__checkout_sessions') }} as sessions
        on ledger.checkout_session_id = sessions.checkout_session_id
),

stripe_names as (
    select customer_key, {{ name_key('stripe', 'id') }} as name, true as links from stripe_ids where id is not null
),

connector_ids as (
    select customer_key, metadata_netsuite_memo_id as netsuite_id from credit_notes
    union
    select refunds.customer_key, landed.metadata_netsuite_memo_id as netsuite_id
    from refunds
    inner join {{ ref('parsed_stripe__refunds') }} as landed on refunds.stripe_refund_id = landed.stripe_refund_id
    union
    select refunds.customer_key, landed.metadata_netsuite_refund_id as netsuite_id
    from refunds
    inner join {{ ref('parsed_stripe__refunds') }} as landed on refunds.stripe_refund_id = landed.stripe_refund_id
),

-- what a mapping file or metadata says that an invoice or a customer is in NetSuite
netsuite_names as (
    select
        customer_key,
        {{ name_key('netsuite_transaction', 'metadata_netsuite_invoice_id') }} as name,
        true as links
    from invoices
    where metadata_netsuite_invoice_id is not null
    union all
    select
        stripe_ids.customer_key,
        {{ name_key('netsuite_transaction', 'invoice_map.netsuite_invoice_id') }} as name,
        true as links
    from stripe_ids
    inner join {{ ref('invoice_map') }} as invoice_map on stripe_ids.id = {{ cell('invoice_map.stripe_invoice_id') }}
    {%- if var('connector_records') != 'ignore' %}
    union all
    -- K1: the memo and the customer refund that the Stripe Connector made
    select
        customer_key,
        {{ name_key('netsuite_transaction', 'netsuite_id') }} as name,
        true as links
    from connector_ids
    where netsuite_id is not null
    {%- endif %}
    union all
    select
        customer_key,
        {{ name_key('netsuite_customer', 'metadata_netsuite_customer_id') }} as name,
        false as links
    from customers
    where metadata_netsuite_customer_id is not null
    union all
    select
        stale.customer_key,
        {{ name_key('netsuite_customer', 'customer_map.netsuite_customer_id') }} as name,
        false as links
    from stale
    inner join {{ ref('customer_map') }} as customer_map
        on stale.customer_key = {{ cell('customer_map.stripe_customer_id') }}
    union all
    select
        accounts.customer_key,
        {{ name_key('netsuite_customer', 'customer_map.netsuite_customer_id') }} as name,
        false as links
    from accounts
    inner join {{ ref('customer_map') }} as customer_map on accounts.id = {{ cell('customer_map.stripe_customer_id') }}
),

-- NetSuite's internal id of what carries one of these names
transactions as (
    {{ names_in(source('raw_netsuite', 'transactions'), {'externalid': 'external_id', 'stripe_id': 'stripe'}, ['id']) }}
)

select customer_key, name, links from stripe_names
union
select customer_key, name, links from netsuite_names
union
select stripe_names.customer_key, {{ name_key('netsuite_transaction', 'transactions.id') }} as name, true as links
from stripe_names
inner join transactions on stripe_names.name = transactions.name
union
select customer_key, {{ name_key('stripe', 'customer_key') }} as name, false as links from stale
