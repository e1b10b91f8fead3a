-- One row per Stripe refund that a credit note with a memo links (rules R1-R3), with what holds it back in this build.
with

links as (
    select
        links.*,
        -- R3: the cap counts every note that links the refund
        all_links.all_linked_minor,
        documents.stripe_customer_id,
        documents.currency,
        documents.stripe_exponent,
        documents.netsuite_precision,
        documents.netsuite_currency_id,
        customers.netsuite_customer_id,
        invoices.netsuite_account_id as netsuite_receivables_account_id,
        invoices.netsuite_subsidiary_id
    from {{ ref('int_refund_links') }} as links
    inner join (
        select stripe_refund_id, cast(sum(linked_minor) as bigint) as all_linked_minor
        from {{ ref('int_refund_links') }}
        group by stripe_refund_id
    ) as all_links on links.stripe_refund_id = all_links.stripe_refund_id
    inner join {{ ref('int_credit_documents') }} as documents on links.credit_note_id = documents.document_id
    left join {{ ref('int_netsuite_customers') }} as customers
        on documents.stripe_customer_id = customers.stripe_customer_id
    left join {{ ref('int_netsuite_invoices') }} as invoices on documents.stripe_invoice_id = invoices.stripe_invoice_id
    inner join {{ ref('int_document_verdicts') }} as verdicts on links.credit_note_id = verdicts.document_id
    left join {{ ref('stg_load_netsuite__records') }} as records
        on links.credit_note_id = records.external_id and records.record_type = 'creditMemo'
    where
        not links.is_out_of_band
        and not documents.is_invoice_before_go_live
        and not documents.is_before_go_live
        -- R5: a note that is skipped has no memo to be refunded, unless it was posted before
        and (verdicts.state <> 'skipped' or coalesce(records.is_posted, false))
),

refunds as (
    select
        stripe_refund_id,
        min(refund_status) as refund_status,
        min(failure_reason) as failure_reason,
        min(refund_date) as refund_date,
        max(case when is_before_go_live then 1 else 0 end) = 1 as is_before_go_live,
        min(stripe_customer_id) as stripe_customer_id,
        min(currency) as currency,
        min(stripe_exponent) as stripe_exponent,
        min(netsuite_precision) as netsuite_precision,
        min(netsuite_currency_id) as netsuite_currency_id,
        min(netsuite_customer_id) as netsuite_customer_id,
        min(netsuite_receivables_account_id) as netsuite_receivables_account_id,
        min(netsuite_subsidiary_id) as netsuite_subsidiary_id,
        max(all_linked_minor) as linked_minor
    from links
    group by stripe_refund_id
),

-- R3: a posted customer refund takes later parts while its own period is open
posted as (
    select
        values_posted.external_id as stripe_refund_id,
        values_posted.tran_date,
        max(case when periods.is_open then 1 else 0 end) = 1 as is_period_open
    from {{ ref('stg_load_netsuite__posted_values') }} as values_posted
    left join {{ ref('parsed_netsuite__accounting_periods') }} as periods
        on values_posted.tran_date between periods.starts_on and periods.ends_on
    where values_posted.record_type = 'customerRefund'
    group by values_posted.external_id, values_posted.tran_date
)

select
    refunds.stripe_refund_id,
    refunds.refund_status,
    refunds.is_before_go_live,
    refunds.stripe_customer_id,
    refunds.currency,
    refunds.stripe_exponent,
    refunds.netsuite_precision,
    refunds.netsuite_currency_id,
    refunds.netsuite_customer_id,
    refunds.netsuite_receivables_account_id,
    refunds.netsuite_subsidiary_id,
    refunds.linked_minor,
    accounts.netsuite_account_id,
    posting_dates.tran_date,
    posting_dates.netsuite_posting_period_id,
    'Stripe: ' || refunds.stripe_refund_id || '.'
    || {{ original_date_text('posting_dates.is_moved', 'refunds.refund_date') }} as memo_text,
    case
        when refunds.is_before_go_live then 'before_go_live'
        when refunds.refund_status is null or refunds.refund_status in ('pending', 'requires_action')
            then 'refund_pending'
        when refunds.refund_status <> 'succeeded' then 'refund_failed'
        when accounts.netsuite_account_id is null then 'account_unmapped'
        when posted.is_period_open is null and posting_dates.tran_date is null then 'period_closed'
        -- the memo may have been posted long ago; its customer or currency can be gone from NetSuite since
        when posted.is_period_open is null and refunds.netsuite_customer_id is null then 'customer_not_in_netsuite'
        when posted.is_period_open is null and refunds.netsuite_currency_id is null then 'currency_not_in_netsuite'
        else 'ready'
    end as reason,
    case
        when refunds.is_before_go_live
            then 'Refund ' || refunds.stripe_refund_id || ' was made before the go-live date; match it by hand.'
        when refunds.refund_status is null or refunds.refund_status in ('pending', 'requires_action')
            then
                'Refund ' || refunds.stripe_refund_id || ' is ' || coalesce(refunds.refund_status, 'not known')
                || ' in Stripe; the customer refund follows when it succeeds.'
        when refunds.refund_status <> 'succeeded'
            then
                'Refund ' || refunds.stripe_refund_id || ' is ' || refunds.refund_status || ' in Stripe'
                || coalesce(' (' || refunds.failure_reason || ')', '')
                || '; refund the customer anew, or decide out_of_band in manual_decisions.csv.'
        when accounts.netsuite_account_id is null
            then 'account_map.csv has no account of purpose refund for ' || upper(refunds.currency) || '; add a row.'
        when posted.is_period_open is null and posting_dates.tran_date is null
            then
                'The period of refund ' || refunds.stripe_refund_id || ' (' || cast(refunds.refund_date as varchar)
                || ') is closed in NetSuite. Open it.'
        when posted.is_period_open is null and refunds.netsuite_customer_id is null
            then
                'The customer of refund ' || refunds.stripe_refund_id || ' (Stripe '
                || coalesce(refunds.stripe_customer_id, 'names none')
                || ') is not found in NetSuite any more; the customer refund follows when it is. Put back its '
                || 'external id, or add a row to customer_map.csv.'
        when posted.is_period_open is null and refunds.netsuite_currency_id is null
            then
                'NetSuite has no active currency ' || upper(refunds.currency) || ' for refund '
                || refunds.stripe_refund_id || '; the customer refund follows when it has.'
    end as detail,
    coalesce(not posted.is_period_open, false) as is_posted_period_closed
from refunds
left join posted on refunds.stripe_refund_id = posted.stripe_refund_id
left join {{ ref('int_posting_dates') }} as posting_dates on refunds.refund_date = posting_dates.transaction_date
left join {{ ref('reference_accounts') }} as accounts
    on refunds.currency = accounts.currency and accounts.purpose = 'refund'
