-- The record of NetSuite that stands for a memo or a customer refund already: ours by the journal, else the one
-- under its own external id, else the one of the Stripe Connector that is adopted (rules P5, R3, K2).
with

own as (
    select
        case transaction_type
            when 'CustCred' then 'creditMemo'
            when 'CustRfnd' then 'customerRefund'
        end as record_type,
        external_id as record_key,
        min(netsuite_transaction_id) as netsuite_transaction_id,
        min(tran_date) as tran_date
    from {{ ref('stg_netsuite__transactions') }}
    where transaction_type in ('CustCred', 'CustRfnd') and external_id is not null
    group by transaction_type, external_id
),

-- a record of somebody else that the journal says we adopted: its external id is another one, or it has none
adopted as (
    select
        records.record_type,
        records.external_id as record_key,
        records.netsuite_internal_id as netsuite_transaction_id,
        posted_values.netsuite_external_id,
        posted_values.tran_date
    from {{ ref('stg_load_netsuite__records') }} as records
    inner join {{ ref('stg_load_netsuite__posted_values') }} as posted_values
        on records.record_type = posted_values.record_type and records.external_id = posted_values.external_id
    where
        records.record_type in ('creditMemo', 'customerRefund')
        and records.posted_reason = 'adopted'
        and coalesce(posted_values.netsuite_external_id, '') <> records.external_id
),
{%- if var('connector_records') == 'adopt' %}

differing as (
    select distinct document_id from {{ ref('int_findings_connector_records') }} where reason = 'netsuite_differs'
),

found as (
    select
        record_type,
        record_key,
        min(netsuite_transaction_id) as netsuite_transaction_id,
        min(netsuite_external_id) as netsuite_external_id,
        min(tran_date) as tran_date
    from {{ ref('int_connector_records') }}
    where
        netsuite_transaction_id is not null
        and (record_type = 'customerRefund' or document_id not in (select differing.document_id from differing))
    group by record_type, record_key
),
{%- endif %}

candidates as (
    select
        record_type,
        record_key,
        netsuite_transaction_id,
        netsuite_external_id,
        tran_date,
        true as is_connector,
        1 as turn
    from adopted
    union all
    select
        record_type,
        record_key,
        netsuite_transaction_id,
        record_key as netsuite_external_id,
        tran_date,
        false as is_connector,
        2 as turn
    from own
    {%- if var('connector_records') == 'adopt' %}
    union all
    select
        record_type,
        record_key,
        netsuite_transaction_id,
        netsuite_external_id,
        tran_date,
        true as is_connector,
        3 as turn
    from found
    {%- endif %}
),

ranked as (
    select
        candidates.*,
        row_number() over (partition by record_type, record_key order by turn) as hit
    from candidates
)

select
    record_type,
    record_key,
    netsuite_transaction_id,
    -- K2: one without an external id is known by ours
    coalesce(netsuite_external_id, record_key) as netsuite_external_id,
    tran_date,
    is_connector
from ranked
where hit = 1
