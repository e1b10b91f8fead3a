{{ config(materialized='table') }}

-- The customers this build works on: of whom an object, a mapping, a NetSuite record or the journal has changed since the last build that ended well,
-- and whoever hangs together with them. All of them in a first build, after --full-refresh, and when something changed that concerns everybody.
with recursive

changed as (
    select * from {{ ref('scope_changed_inputs') }}
),

seen as {{ previous_build('scope', 'scope_seen_rows', ['input', 'last_row', 'build_id']) }},

-- what a build worked on that did not end well is half replaced: done again, also when what it saw has been taken back since
unfinished as (
    select customer_key
    from {{ previous_build('scope', 'scope_customers', ['customer_key', 'build_id']) }} as previous
    where build_id not in (select seen.build_id from seen)
),

kept_documents as {{ previous_build('kept', 'kept_credit_documents', ['document_id', 'external_id', 'stripe_invoice_id', 'customer_key']) }},

kept_refund_links as {{ previous_build('kept', 'kept_refund_links', ['stripe_refund_id', 'credit_note_id', 'customer_key']) }},

kept_lines as {{ previous_build('kept', 'kept_memo_lines', ['stripe_price_id', 'stripe_product_id', 'customer_key']) }},

kept_zero_lines as {{ previous_build('kept', 'kept_zero_invoice_lines', ['stripe_price_id', 'stripe_product_id', 'customer_key']) }},

kept_tax_details as {{ previous_build('kept', 'kept_memo_tax_details', ['stripe_tax_rate_id', 'customer_key']) }},

kept_customers as {{ previous_build('kept', 'kept_netsuite_customers', ['wanted_netsuite_id', 'customer_key']) }},

kept_invoices as {{ previous_build('kept', 'kept_netsuite_invoices', ['wanted_netsuite_id', 'customer_key']) }},

new_credit_notes as (
    select id, customer_key from {{ ref('base_stripe__credit_notes') }}
    where parse_batch > coalesce((select seen.last_row from seen where seen.input = 'base_stripe__credit_notes'), 0)
),

new_invoices as (
    select id, customer_key from {{ ref('base_stripe__invoices') }}
    where parse_batch > coalesce((select seen.last_row from seen where seen.input = 'base_stripe__invoices'), 0)
),

invoices as (
    select id, customer_key, metadata_netsuite_invoice_id from {{ ref('base_stripe__invoices') }}
),

-- ids under which NetSuite has, or had, something else than before
changed_records as (
    select row_id, lower(external_id) as folded_id, stripe_id from changed where input = 'transactions'
),

posted as (
    select distinct external_id from {{ source('load_netsuite', 'load_log') }} as load_log
    where {{ row_number_in('load_log') }} > coalesce((select seen.last_row from seen where seen.input = 'load_log'), -1)
),

-- one row when everybody is concerned, else none
everything as (
    select 'everything' as input
    where
        not exists (select 1 from seen)
        or exists (select 1 from changed where changed.input = 'everything')
        or {{ 'false' if all_kept_models_exist() else 'true' }}
        -- a journal that was made anew
        or coalesce((select max({{ row_number_in('load_log') }}) from {{ source('load_netsuite', 'load_log') }} as load_log), -1)
        < (select seen.last_row from seen where seen.input = 'load_log')
),

everybody as (
    {%- for name, key in [
        ('credit_notes', 'customer_key'), ('invoices', 'customer_key'), ('customer_balance_transactions', 'customer_key'), ('customers', 'stripe_customer_id'),
    ] %}
    select objects.{{ key }} as customer_key from {{ ref('base_stripe__' ~ name) }} as objects cross join everything
    union
    {%- endfor %}
    select kept_documents.customer_key from kept_documents cross join everything
),

touched as (
    ---------- what concerns everybody
    select customer_key from everybody
    union
    select customer_key from unfinished

    ---------- Stripe's objects, and whose they were before
    union
    select customer_key from new_credit_notes
    union
    select kept_documents.customer_key from kept_documents inner join new_credit_notes on kept_documents.document_id = new_credit_notes.id
    union
    select customer_key from new_invoices
    union
    select kept_documents.customer_key from kept_documents inner join new_invoices on kept_documents.stripe_invoice_id = new_invoices.id
    union
    select customer_key from {{ ref('base_stripe__customer_balance_transactions') }}
    where parse_batch > coalesce((select seen.last_row from seen where seen.input = 'base_stripe__customer_balance_transactions'), 0)
    union
    select stripe_customer_id from {{ ref('base_stripe__customers') }}
    where parse_batch > coalesce((select seen.last_row from seen where seen.input = 'base_stripe__customers'), 0)
    union
    select kept_refund_links.customer_key
    from kept_refund_links
    inner join {{ ref('base_stripe__refunds') }} as refunds on kept_refund_links.stripe_refund_id = refunds.stripe_refund_id
    where refunds.parse_batch > coalesce((select seen.last_row from seen where seen.input = 'base_stripe__refunds'), 0)
    union
    select invoices.customer_key
    from invoices
    inner join {{ ref('base_stripe__invoice_payments') }} as payments on invoices.id = payments.stripe_invoice_id
    where payments.parse_batch > coalesce((select seen.last_row from seen where seen.input = 'base_stripe__invoice_payments'), 0)

    ---------- mapping files
    union
    select trim(stripe_id) from changed where input = 'customer_map' and stripe_id is not null
    union
    select invoices.customer_key from invoices inner join changed on invoices.id = trim(changed.stripe_id) and changed.input = 'invoice_map'
    union
    select kept_documents.customer_key
    from kept_documents
    inner join changed on kept_documents.document_id = trim(changed.stripe_id) and changed.input = 'manual_decisions'

    ---------- NetSuite's records: by external id, by custom field, by the id that a mapping or metadata names
    union
    select external_id from changed where input = 'customers' and external_id is not null
    union
    select stripe_id from changed where input = 'customers' and stripe_id is not null
    union
    select kept_customers.customer_key
    from kept_customers
    inner join changed on kept_customers.wanted_netsuite_id = changed.row_id and changed.input = 'customers'
    union
    select kept_documents.customer_key
    from kept_documents
    inner join changed_records on lower(kept_documents.external_id) = changed_records.folded_id
    union
    select invoices.customer_key
    from invoices
    inner join changed_records on lower(invoices.id) = changed_records.folded_id
    union
    select invoices.customer_key
    from invoices
    inner join changed_records on invoices.id = changed_records.stripe_id
    union
    select kept_invoices.customer_key
    from kept_invoices
    inner join changed_records on kept_invoices.wanted_netsuite_id = changed_records.row_id
    union
    select kept_invoices.customer_key
    from kept_invoices
    inner join (
        select split_part(row_id, ' ', 1) as netsuite_transaction_id from changed where input = 'applications'
    ) as applications on kept_invoices.wanted_netsuite_id = applications.netsuite_transaction_id
    union
    select kept_lines.customer_key
    from kept_lines
    inner join changed on changed.input = 'items' and kept_lines.stripe_price_id = changed.external_id
    union
    select kept_lines.customer_key
    from kept_lines
    inner join changed on changed.input = 'items' and kept_lines.stripe_product_id = changed.external_id
    union
    select kept_zero_lines.customer_key
    from kept_zero_lines
    inner join changed on changed.input = 'items' and (kept_zero_lines.stripe_price_id = changed.external_id or kept_zero_lines.stripe_product_id = changed.external_id)

    ---------- tax rates: what NetSuite is told of a rate beside its code
    union
    select kept_tax_details.customer_key
    from kept_tax_details
    inner join changed on changed.input = 'tax_rates' and kept_tax_details.stripe_tax_rate_id = changed.stripe_id

    ---------- what the loader did
    union
    select kept_documents.customer_key from kept_documents inner join posted on kept_documents.external_id = posted.external_id
    union
    select kept_refund_links.customer_key from kept_refund_links inner join posted on kept_refund_links.stripe_refund_id = posted.external_id
    union
    select kept_refund_links.customer_key
    from kept_refund_links
    inner join posted on kept_refund_links.stripe_refund_id || '_' || kept_refund_links.credit_note_id || '_income' = posted.external_id
),

-- NetSuite invoices that invoices of these customers may be, and those that the others' are (rule X1)
touched_invoices as (
    select invoices.id, invoices.customer_key, nullif(trim(invoices.metadata_netsuite_invoice_id), '') as netsuite_id
    from invoices
    inner join touched on invoices.customer_key = touched.customer_key
),

netsuite_invoices as (
    select wanted_netsuite_id as netsuite_id, customer_key from kept_invoices
    union
    select netsuite_id, customer_key from touched_invoices
    union
    select {{ cell('invoice_map.netsuite_invoice_id') }}, touched_invoices.customer_key
    from touched_invoices
    inner join {{ ref('invoice_map') }} as invoice_map on touched_invoices.id = {{ cell('invoice_map.stripe_invoice_id') }}
    union
    select transactions.id, touched_invoices.customer_key
    from touched_invoices
    inner join {{ source('raw_netsuite', 'transactions') }} as transactions on touched_invoices.id = transactions.externalid
    union
    select transactions.id, touched_invoices.customer_key
    from touched_invoices
    inner join {{ source('raw_netsuite', 'transactions') }} as transactions on touched_invoices.id = transactions.stripe_id
),

-- documents of several customers that share what a NetSuite invoice has open (C6) are derived together
shared_invoices as (
    select netsuite_id
    from netsuite_invoices
    where netsuite_id is not null
    group by netsuite_id
    having min(customer_key) <> max(customer_key)
),

links as (
    select customer_key, other_key from {{ ref('scope_customer_links') }}
    union
    select one.customer_key, other.customer_key
    from shared_invoices
    inner join netsuite_invoices as one on shared_invoices.netsuite_id = one.netsuite_id
    inner join netsuite_invoices as other on shared_invoices.netsuite_id = other.netsuite_id and one.customer_key <> other.customer_key
),

reached as (
    select customer_key from touched
    union
    select links.other_key
    from reached
    inner join links on reached.customer_key = links.customer_key
)

select customer_key, '{{ invocation_id }}' as build_id from reached
