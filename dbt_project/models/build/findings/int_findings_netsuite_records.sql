-- Customers, invoices and currencies that NetSuite lacks or has otherwise (rules C4, X1), and records that exist
-- already under our external ids (N1, P5, X2).
{{ config(materialized='replaced_view') }}

with

documents as (
    select
        documents.*,
        customers.netsuite_customer_id,
        customers.wanted_netsuite_id as wanted_customer_id,
        customers.found_by as customer_found_by,
        customers.ambiguous_netsuite_ids as ambiguous_customer_ids,
        invoices.netsuite_invoice_id,
        invoices.wanted_netsuite_id as wanted_invoice_id,
        invoices.found_by as invoice_found_by,
        invoices.ambiguous_netsuite_ids as ambiguous_invoice_ids,
        invoices.approval_status as invoice_approval_status,
        invoices.netsuite_customer_id as invoice_netsuite_customer_id,
        invoices.currency as invoice_currency,
        invoice_currencies.stripe_exponent as invoice_exponent,
        invoices.total_amount as invoice_total_amount,
        invoices.is_voided as is_invoice_voided,
        -- G2: an old invoice need not be in NetSuite, and a journal entry has no customer
        documents.document_type = 'credit_note' and documents.is_invoice_before_go_live as is_without_memo
    from {{ ref('int_credit_documents') }} as documents
    left join {{ ref('int_netsuite_customers') }} as customers
        on documents.stripe_customer_id = customers.stripe_customer_id
    left join {{ ref('int_netsuite_invoices') }} as invoices on documents.stripe_invoice_id = invoices.stripe_invoice_id
    left join {{ ref('reference_currencies') }} as invoice_currencies on invoices.currency = invoice_currencies.currency
),

existing as (
    select
        documents.document_id,
        documents.document_type,
        documents.external_id,
        documents.memo_minor,
        documents.currency,
        documents.stripe_exponent,
        documents.netsuite_currency_id,
        documents.netsuite_customer_id,
        transactions.netsuite_transaction_id,
        transactions.external_id as existing_external_id,
        transactions.transaction_type,
        transactions.netsuite_customer_id as existing_customer_id,
        transactions.netsuite_currency_id as existing_currency_id,
        transactions.currency as existing_currency,
        currencies.stripe_exponent as existing_exponent,
        transactions.total_amount,
        transactions.is_voided
    from documents
    inner join {{ ref('stg_netsuite__transactions') }} as transactions
        on lower(documents.external_id) = lower(transactions.external_id)
    left join {{ ref('reference_currencies') }} as currencies on transactions.currency = currencies.currency
    where not documents.is_without_memo
)

select
    document_id,
    'invoice_customer_changed' as reason,
    'NetSuite invoice ' || netsuite_invoice_id || ' (Stripe ' || stripe_invoice_id || ') belongs to customer '
    || coalesce(invoice_netsuite_customer_id, '(none)')
    || ', but Stripe customer ' || stripe_customer_id || ' is NetSuite customer ' || netsuite_customer_id
    || '. Put the invoice back to that customer, or correct customer_map.csv or invoice_map.csv.' as detail
from documents
where
    document_type in ('credit_note', 'balance_use')
    and not is_without_memo
    and netsuite_invoice_id is not null
    and netsuite_customer_id is not null
    and coalesce(invoice_netsuite_customer_id, '') <> netsuite_customer_id

union all

select
    document_id,
    'currency_mismatch' as reason,
    'NetSuite invoice ' || netsuite_invoice_id || ' (Stripe ' || stripe_invoice_id || ') is in '
    || coalesce(upper(invoice_currency), 'an unknown currency')
    || ', ' || document_id || ' is in ' || upper(currency)
    || '. Check that invoice_map.csv names the right invoice.' as detail
from documents
where
    document_type in ('credit_note', 'balance_use')
    and not is_without_memo
    and netsuite_invoice_id is not null
    and coalesce(invoice_currency, '') <> currency

union all

select
    document_id,
    'customer_not_in_netsuite' as reason,
    'Stripe customer ' || coalesce(stripe_customer_id, '(none) of ' || document_id) || ' is not in NetSuite yet'
    || coalesce(
        ' (' || customer_found_by || ' names NetSuite customer ' || wanted_customer_id || ', which does not exist)', ''
    )
    || '; it goes on when the customer is there, or when customer_map.csv names it.' as detail
from documents
where netsuite_customer_id is null and ambiguous_customer_ids is null and not is_without_memo

union all

select
    document_id,
    'invoice_not_in_netsuite' as reason,
    'Stripe invoice ' || coalesce(stripe_invoice_id, '(none) of ' || document_id) || ' is not in NetSuite yet'
    || coalesce(
        ' (' || invoice_found_by || ' names NetSuite invoice ' || wanted_invoice_id || ', which does not exist)', ''
    )
    || '; it goes on when the invoice is there, or when invoice_map.csv names it.' as detail
from documents
where
    netsuite_invoice_id is null
    and ambiguous_invoice_ids is null
    and document_type in ('credit_note', 'balance_use')
    and not is_without_memo

union all

select
    document_id,
    'invoice_not_in_netsuite' as reason,
    'NetSuite invoice ' || netsuite_invoice_id || ' (Stripe ' || stripe_invoice_id
    || ') waits for approval in NetSuite; ' || document_id || ' goes on when it is approved.' as detail
from documents
where invoice_approval_status = '1' and document_type in ('credit_note', 'balance_use') and not is_without_memo

union all

select
    document_id,
    'netsuite_differs' as reason,
    'NetSuite invoice ' || netsuite_invoice_id || ' (Stripe ' || stripe_invoice_id || ') is '
    || case when is_invoice_voided then 'voided' else 'rejected by its approver' end
    || ' in NetSuite, so a memo for ' || document_id || ' would reverse what is not booked. Put the invoice right in '
    || 'NetSuite, name the right one in invoice_map.csv, or book the document by hand and skip it in '
    || 'manual_decisions.csv.' as detail
from documents
where
    document_type in ('credit_note', 'balance_use')
    and not is_without_memo
    and (is_invoice_voided or coalesce(invoice_approval_status = '3', false))

union all

select
    document_id,
    'ambiguous_in_netsuite' as reason,
    'Stripe customer ' || stripe_customer_id || ' of ' || document_id || ' stands for several NetSuite customers by '
    || customer_found_by || ': ' || ambiguous_customer_ids || '. Name the right one in customer_map.csv.' as detail
from documents
where ambiguous_customer_ids is not null and not is_without_memo

union all

select
    document_id,
    'ambiguous_in_netsuite' as reason,
    'Stripe invoice ' || stripe_invoice_id || ' of ' || document_id || ' stands for several NetSuite invoices by '
    || invoice_found_by || ': ' || ambiguous_invoice_ids || '. Name the right one in invoice_map.csv.' as detail
from documents
where ambiguous_invoice_ids is not null and not is_without_memo

union all

select
    document_id,
    'currency_not_in_netsuite' as reason,
    'NetSuite has no active currency ' || coalesce(upper(currency), '(none)') || ' yet, in which ' || document_id
    || ' is; it goes on when the currency is there.' as detail
from documents
where netsuite_currency_id is null

union all

select
    document_id,
    'external_id_collision' as reason,
    'NetSuite transaction ' || netsuite_transaction_id || ' has external id ' || existing_external_id
    || ', which NetSuite cannot tell from '
    || external_id || '. Change that transaction''s external id in NetSuite.' as detail
from existing
where existing_external_id <> external_id

union all

select
    document_id,
    'netsuite_differs' as reason,
    'NetSuite already has transaction ' || netsuite_transaction_id || ' (' || coalesce(transaction_type, 'no type')
    || ', customer ' || coalesce(existing_customer_id, 'none')
    || ', total ' || {{ amount_text('total_amount', 'existing_exponent', 'existing_currency') }}
    || ') under external id ' || external_id
    || ', but a credit memo of '
    || {{ money_text('memo_minor', 'stripe_exponent', 'currency') }}
    || coalesce(' for customer ' || netsuite_customer_id, '')
    || ' is wanted. Correct or delete the NetSuite transaction.' as detail
from existing
where
    document_type in ('credit_note', 'balance_use')
    and existing_external_id = external_id
    and memo_minor is not null
    -- a customer or currency that NetSuite does not have yet cannot be compared; type and total can (X2)
    and (
        transaction_type <> 'CustCred'
        or coalesce(existing_customer_id <> netsuite_customer_id, existing_customer_id is null)
        or coalesce(existing_currency_id <> netsuite_currency_id, false)
        or abs(total_amount) <> {{ major_units('memo_minor', 'stripe_exponent') }}
        or is_voided
    )

union all

select
    document_id,
    'netsuite_differs' as reason,
    'NetSuite invoice ' || netsuite_invoice_id || ' stands for negative Stripe invoice ' || document_id
    || ', but it has the total '
    || {{ amount_text('invoice_total_amount', 'invoice_exponent', 'invoice_currency') }} || ' for customer '
    || coalesce(invoice_netsuite_customer_id, '(none)') || case when is_invoice_voided then ' and is voided' else '' end
    || ', instead of zero in ' || upper(currency) || ' for customer ' || coalesce(netsuite_customer_id, '(unknown)')
    || '. Correct it in NetSuite.' as detail
from documents
where
    document_type = 'negative_invoice'
    and netsuite_invoice_id is not null
    and (
        invoice_total_amount <> 0
        or is_invoice_voided
        or coalesce(invoice_netsuite_customer_id <> netsuite_customer_id, false)
        or coalesce(invoice_currency <> currency, false)
    )

union all

select
    document_id,
    'netsuite_differs' as reason,
    'NetSuite already has transaction ' || netsuite_transaction_id || ' (' || coalesce(transaction_type, 'no type')
    || ') under external id ' || external_id
    || ', which is no invoice. Correct its external id in NetSuite.' as detail
from existing
where document_type = 'negative_invoice' and existing_external_id = external_id and transaction_type <> 'CustInvc'
