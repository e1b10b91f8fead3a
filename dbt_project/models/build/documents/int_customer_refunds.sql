-- One row per Stripe refund that a credit note with a memo links (rules R1-R3), with what holds it back in this build.
with

-- R6: a link that blocks its note; a posted note is not blocked by it
contradicting as (
    select distinct
        links.stripe_refund_id,
        links.credit_note_id
    from {{ ref('int_contradicting_refund_links') }} as links
    left join {{ ref('stg_load_netsuite__records') }} as records
        on links.credit_note_id = records.external_id and records.record_type = 'creditMemo'
    where not coalesce(records.is_posted, false)
),

agreeing_sums as (
    select
        links.stripe_refund_id,
        cast(sum(links.linked_minor) as bigint) as all_linked_minor
    from {{ ref('int_refund_links') }} as links
    left join contradicting
        on
            links.stripe_refund_id = contradicting.stripe_refund_id
            and links.credit_note_id = contradicting.credit_note_id
    where contradicting.credit_note_id is null
    group by links.stripe_refund_id
),

links as (
    select
        links.*,
        -- R3: the cap counts every note that links the refund, but those that contradict it (R6)
        coalesce(all_links.all_linked_minor, 0) as all_linked_minor,
        contradicting.credit_note_id is not null as is_contradicting,
        documents.stripe_customer_id,
        documents.currency,
        documents.stripe_exponent,
        documents.netsuite_precision,
        documents.netsuite_currency_id,
        customers.netsuite_customer_id,
        invoices.netsuite_account_id as netsuite_receivables_account_id,
        invoices.netsuite_subsidiary_id
    from {{ ref('int_refund_links') }} as links
    left join agreeing_sums as all_links on links.stripe_refund_id = all_links.stripe_refund_id
    left join contradicting
        on
            links.stripe_refund_id = contradicting.stripe_refund_id
            and links.credit_note_id = contradicting.credit_note_id
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
        min(refund_state) as refund_state,
        max(case when is_refund_known then 1 else 0 end) = 1 as is_refund_known,
        min(failure_reason) as failure_reason,
        min(refund_date) as refund_date,
        max(case when is_before_go_live then 1 else 0 end) = 1 as is_before_go_live,
        coalesce(min(case when not is_contradicting then stripe_customer_id end), min(stripe_customer_id))
            as stripe_customer_id,
        coalesce(min(case when not is_contradicting then currency end), min(currency)) as currency,
        coalesce(min(case when not is_contradicting then stripe_exponent end), min(stripe_exponent))
            as stripe_exponent,
        coalesce(min(case when not is_contradicting then netsuite_precision end), min(netsuite_precision))
            as netsuite_precision,
        coalesce(min(case when not is_contradicting then netsuite_currency_id end), min(netsuite_currency_id))
            as netsuite_currency_id,
        coalesce(min(case when not is_contradicting then netsuite_customer_id end), min(netsuite_customer_id))
            as netsuite_customer_id,
        coalesce(
            min(case when not is_contradicting then netsuite_receivables_account_id end),
            min(netsuite_receivables_account_id)
        )
            as netsuite_receivables_account_id,
        coalesce(min(case when not is_contradicting then netsuite_subsidiary_id end), min(netsuite_subsidiary_id))
            as netsuite_subsidiary_id,
        max(all_linked_minor) as linked_minor
    from links
    group by stripe_refund_id
),

existing as (
    select
        record_key as stripe_refund_id,
        netsuite_transaction_id,
        netsuite_external_id,
        tran_date,
        is_connector
    from {{ ref('int_existing_records') }}
    where record_type = 'customerRefund'
),

-- R3: a posted customer refund takes later parts while its own period is open; so does one that is in NetSuite and not
-- in the journal, once it is adopted
present as (
    select
        external_id as stripe_refund_id,
        tran_date
    from {{ ref('stg_load_netsuite__posted_values') }}
    where record_type = 'customerRefund'
    union all
    select
        stripe_refund_id,
        tran_date
    from existing
    where
        stripe_refund_id not in (
            select posted_values.external_id
            from {{ ref('stg_load_netsuite__posted_values') }} as posted_values
            where posted_values.record_type = 'customerRefund'
        )
),

-- K3, K4: the Stripe Connector wrote another customer refund into the refund's metadata
held as (
    select
        record_key as stripe_refund_id,
        min(wanted_netsuite_id) as wanted_netsuite_id,
        min(netsuite_external_id) as netsuite_external_id,
        min(netsuite_transaction_id) is null as is_lacking
    from {{ ref('int_connector_records') }}
    where
        record_type = 'customerRefund'
        and {{ 'netsuite_transaction_id is null' if var('connector_records') == 'adopt' else 'true' }}
    group by record_key
),

posted as (
    select
        present.stripe_refund_id,
        max(case when periods.is_open then 1 else 0 end) = 1 as is_period_open
    from present
    left join {{ ref('parsed_netsuite__accounting_periods') }} as periods
        on present.tran_date between periods.starts_on and periods.ends_on
    group by present.stripe_refund_id
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
    -- one that is there is adopted and needs no period (R3)
    coalesce(
        posting_dates.tran_date, case when posted.stripe_refund_id is not null then refunds.refund_date end
    ) as tran_date,
    posting_dates.netsuite_posting_period_id,
    existing.netsuite_transaction_id as existing_netsuite_id,
    coalesce(existing.is_connector, false) as is_connector,
    coalesce(existing.netsuite_external_id, refunds.stripe_refund_id) as netsuite_external_id,
    'Stripe: ' || refunds.stripe_refund_id || '.'
    || {{ original_date_text('posting_dates.is_moved', 'refunds.refund_date') }} as memo_text,
    case
        when refunds.is_before_go_live then 'before_go_live'
        when refunds.refund_state = 'pending' then 'refund_pending'
        when refunds.refund_state = 'failed' then 'refund_failed'
        when held.is_lacking then 'refund_not_in_netsuite'
        when held.stripe_refund_id is not null then 'netsuite_differs'
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
        when not refunds.is_refund_known
            then
                'Refund ' || refunds.stripe_refund_id || ' was not read from Stripe yet; the customer refund follows '
                || 'when it is. Run make extract, and check that the key may read refunds.'
        when refunds.refund_state = 'pending'
            then
                'Refund ' || refunds.stripe_refund_id || case
                    when refunds.refund_status is null then ' has no status and no balance transaction'
                    when refunds.refund_status in ('pending', 'requires_action') then ' is ' || refunds.refund_status
                    else
                        ' has the status ' || refunds.refund_status || ', which this project does not know,'
                end || ' in Stripe; the customer refund follows when it succeeds.'
        when refunds.refund_state = 'failed'
            then
                'Refund ' || refunds.stripe_refund_id || ' moved no money in Stripe (status '
                || coalesce(refunds.refund_status, 'none') || coalesce(', ' || refunds.failure_reason, '')
                || '). Refund the customer anew, or decide out_of_band in manual_decisions.csv.'
        when held.is_lacking
            then
                'Stripe metadata netsuite_customer_refund_id of ' || refunds.stripe_refund_id
                || ' names NetSuite record ' || held.wanted_netsuite_id
                || ', but NetSuite has no such record. Correct or remove the key.'
        when held.stripe_refund_id is not null
            then
                'NetSuite record ' || held.wanted_netsuite_id || ' (' || coalesce(held.netsuite_external_id, '')
                || ') of the Stripe Connector seems to stand for refund ' || refunds.stripe_refund_id
                || '. Set connector_records to adopt.'
        when accounts.netsuite_account_id is null
            then
                'account_map.csv has no account of purpose refund for ' || upper(refunds.currency)
                || ', in which refund '
                || refunds.stripe_refund_id || ' is; add a row.'
        when posted.is_period_open is null and posting_dates.tran_date is null
            then
                'The period of refund ' || refunds.stripe_refund_id || ' (' || cast(refunds.refund_date as {{ text() }})
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
left join held on refunds.stripe_refund_id = held.stripe_refund_id
left join existing on refunds.stripe_refund_id = existing.stripe_refund_id
left join {{ ref('int_posting_dates') }} as posting_dates on refunds.refund_date = posting_dates.transaction_date
left join {{ ref('reference_accounts') }} as accounts
    on refunds.currency = accounts.currency and accounts.purpose = 'refund'
