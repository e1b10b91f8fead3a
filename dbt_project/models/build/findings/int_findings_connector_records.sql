-- Records of the Stripe Connector that hold a document up (rules K2, K3, K4).
{{ config(materialized='replaced_view') }}

with

found as (
    select
        connector_records.*,
        documents.memo_minor,
        documents.currency,
        documents.stripe_exponent,
        documents.netsuite_currency_id as expected_currency_id,
        currencies.currency as found_currency,
        currencies.stripe_exponent as found_exponent,
        customers.netsuite_customer_id as expected_customer_id,
        'NetSuite record ' || connector_records.wanted_netsuite_id || ' ('
        || coalesce(connector_records.netsuite_external_id, '') || ') of the Stripe Connector' as record_name
    from {{ ref('int_connector_records') }} as connector_records
    inner join {{ ref('int_credit_documents') }} as documents on connector_records.document_id = documents.document_id
    left join {{ ref('int_netsuite_customers') }} as customers
        on documents.stripe_customer_id = customers.stripe_customer_id
    left join {{ ref('reference_currencies') }} as currencies
        on connector_records.netsuite_currency_id = currencies.netsuite_currency_id
)

select
    document_id,
    case record_type
        when 'creditMemo' then 'memo_not_in_netsuite'
        when 'customerRefund' then 'refund_not_in_netsuite'
    end as reason,
    'Stripe ' || found_by || ' names NetSuite record ' || wanted_netsuite_id || ' by '
    || case record_type
        when 'creditMemo' then 'netsuite_credit_memo_id'
        when 'customerRefund' then 'netsuite_customer_refund_id'
    end
    || ' for ' || document_id || ', but NetSuite has no such record. Correct or remove the key, or skip '
    || document_id || ' by hand.' as detail
from found
where netsuite_transaction_id is null
{%- if var('connector_records') == 'guard' %}

union all

select
    document_id,
    'netsuite_differs' as reason,
    record_name || ' seems to stand for ' || document_id
    || '. Set connector_records to adopt, or skip it by hand.' as detail
from (
    select
        found.*,
        -- the memo before a customer refund
        row_number() over (partition by document_id order by record_type, record_key) as turn
    from found
    where netsuite_transaction_id is not null
) as held
where turn = 1
{%- elif var('connector_records') == 'adopt' %}

union all

select
    document_id,
    'netsuite_differs' as reason,
    record_name || ' is found for ' || document_id || ' by ' || found_by || ', but it is a '
    || coalesce(transaction_type, 'record of no type') || ' of customer ' || coalesce(netsuite_customer_id, '(none)')
    || ' over ' || {{ amount_text('abs(total_amount)', 'found_exponent', 'found_currency') }}
    || case when is_voided then ' and is voided' else '' end || ', and a credit memo of '
    || {{ money_text('memo_minor', 'stripe_exponent', 'currency') }}
    || coalesce(' for customer ' || expected_customer_id, '')
    || ' is wanted. Correct it in NetSuite, correct or remove the key in Stripe, or skip ' || document_id
    || ' by hand.' as detail
from found
where
    record_type = 'creditMemo'
    and netsuite_transaction_id is not null
    and (
        transaction_type <> 'CustCred'
        or coalesce(netsuite_customer_id <> expected_customer_id, netsuite_customer_id is null)
        or coalesce(netsuite_currency_id <> expected_currency_id, false)
        or coalesce(abs(total_amount) <> {{ major_units('memo_minor', 'stripe_exponent') }}, false)
        or is_voided
    )

union all

-- one record cannot be the memo of two documents
select
    found.document_id,
    'netsuite_differs' as reason,
    found.record_name || ' is found for ' || found.document_id || ' and for ' || others.document_id
    || ', and it can stand for one of them only. Correct the key in Stripe, or skip one of them by hand.' as detail
from found
inner join (
    select wanted_netsuite_id, document_id
    from found as other_hits
    where
        other_hits.record_type = 'creditMemo'
        and other_hits.document_id not in (
            select skipped.document_id from {{ ref('int_findings_skipped') }} as skipped
        )
) as others on found.wanted_netsuite_id = others.wanted_netsuite_id and found.document_id <> others.document_id
where found.record_type = 'creditMemo' and found.netsuite_transaction_id is not null
{%- endif %}
