{#-
    What became of each credit document of a month: rows whose amounts come to the document's amount.

    outcomes    relation with the columns of mart credit_outcomes
    memos       relation with the columns of mart credit_memos
    entries     relation with the columns of mart journal_entries
    Returns a query: document_id, document_type, currency, accounting_month (of the document's creation), position,
    record_type (of what is in NetSuite, else null), amount_minor. Position `difference` is what no other one explains.
-#}
{% macro month_end_positions(outcomes, memos, entries) -%}
with

-- C1: what of a note is not its memo is in the customer's balance
kept_parts as (
    select
        document_id,
        sum(amount_minor) as amount_minor
    from {{ ref('books_credit_document_parts') }}
    where part = 'kept'
    group by document_id
),

documents as (
    select
        outcomes.document_id,
        outcomes.document_type,
        outcomes.currency,
        {{ accounting_month(accounting_date('outcomes.created_at')) }} as accounting_month,
        coalesce(outcomes.amount_minor, 0) as amount_minor,
        outcomes.state,
        case
            when outcomes.document_type = 'credit_note'
                then
                    case
                        -- its balance is given back, or was never ours to follow
                        when outcomes.state = 'skipped' and outcomes.reason <> 'kept_in_customer_balance' then 0
                        else coalesce(kept_parts.amount_minor, 0)
                    end
            -- N1: a negative invoice becomes an invoice of zero; its amount is in the customer's balance
            when outcomes.document_type = 'negative_invoice'
                then case when outcomes.state = 'posted' then outcomes.amount_minor else 0 end
            when outcomes.document_type = 'balance_use' then 0
        end as kept_minor
    from {{ outcomes }} as outcomes
    left join kept_parts on outcomes.document_id = kept_parts.document_id
),

memos as (
    select
        document_id,
        'creditMemo' as record_type,
        amount_minor,
        {{ accounting_month('tran_date') }} as accounting_month,
        true as is_in_netsuite
    from {{ memos }}
    where netsuite_internal_id is not null
),

records as (
    select * from memos
    union all
    -- G2: a note that goes by journal entries; one whose memo was posted before does not
    select
        entries.document_id,
        'journalEntry' as record_type,
        entries.amount_minor,
        {{ accounting_month('entries.tran_date') }} as accounting_month,
        entries.netsuite_internal_id is not null as is_in_netsuite
    from {{ entries }} as entries
    left join memos on entries.document_id = memos.document_id
    where memos.document_id is null
),

record_sums as (
    select
        document_id,
        sum(amount_minor) as amount_minor
    from records
    group by document_id
),

kept as (
    select
        document_id,
        'kept_in_balance' as position,
        cast(null as {{ text() }}) as record_type,
        kept_minor as amount_minor
    from documents
    where kept_minor <> 0
),

in_records as (
    select
        records.document_id,
        case
            when records.is_in_netsuite and documents.state = 'blocked' then 'blocked_in_netsuite'
            when records.is_in_netsuite and records.accounting_month = documents.accounting_month then 'posted'
            when records.is_in_netsuite then 'posted_in_another_month'
            when documents.state in ('skipped', 'waiting', 'blocked', 'ready') then documents.state
        end as position,
        case when records.is_in_netsuite then records.record_type end as record_type,
        records.amount_minor
    from documents
    inner join records on documents.document_id = records.document_id
),

without_records as (
    select
        documents.document_id,
        -- a posted document that has neither memo nor entries is a negative invoice, and was kept
        case
            when documents.state in ('skipped', 'waiting', 'blocked', 'ready') then documents.state
        end as position,
        cast(null as {{ text() }}) as record_type,
        documents.amount_minor - documents.kept_minor as amount_minor
    from documents
    left join record_sums on documents.document_id = record_sums.document_id
    where
        record_sums.document_id is null
        and (documents.amount_minor <> documents.kept_minor or documents.kept_minor = 0)
),

unexplained as (
    select
        documents.document_id,
        'difference' as position,
        cast(null as {{ text() }}) as record_type,
        documents.amount_minor - documents.kept_minor - record_sums.amount_minor as amount_minor
    from documents
    inner join record_sums on documents.document_id = record_sums.document_id
    where documents.amount_minor <> documents.kept_minor + record_sums.amount_minor
),

positions as (
    select * from kept
    union all
    select * from in_records
    union all
    select * from without_records
    union all
    select * from unexplained
)

select
    documents.document_id,
    documents.document_type,
    documents.currency,
    documents.accounting_month,
    positions.position,
    positions.record_type,
    positions.amount_minor
from positions
inner join documents on positions.document_id = documents.document_id
{%- endmacro %}
