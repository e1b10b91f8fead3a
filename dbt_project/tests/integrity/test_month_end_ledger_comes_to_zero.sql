-- Month-end: per month, currency and record type, the debits and credits of `ledger` come to zero (rules L8, L10).
-- Lines follow what Stripe says today. A memo that was posted before its note stopped adding up, or that somebody else
-- made of such a note, has other lines in NetSuite than here: its month is left out.
with

contradicting as (
    select distinct
        {{ accounting_month('memos.tran_date') }} as accounting_month,
        memos.currency
    from {{ ref('checked_credit_memos') }} as memos
    inner join {{ ref('int_findings_amounts') }} as findings on memos.document_id = findings.document_id
    where
        memos.netsuite_internal_id is not null
        and findings.reason in ('parts_do_not_add_up', 'lines_do_not_add_up')
)

select
    'Month-end: in ' || coalesce(cast(tie_out.accounting_month as {{ text() }}), '(no month)') || ' '
    || upper(coalesce(tie_out.currency, '(none)')) || ' the ledger rows of record type ' || tie_out.record_type
    || ' come to ' || cast(sum(tie_out.amount_minor) as {{ text() }}) || ' minor units, not to zero.' as message
from {{ ref('checked_month_end_tie_out') }} as tie_out
left join contradicting
    on tie_out.accounting_month = contradicting.accounting_month and tie_out.currency = contradicting.currency
where tie_out.line = 'ledger' and contradicting.currency is null
group by tie_out.accounting_month, tie_out.currency, tie_out.record_type
having sum(tie_out.amount_minor) <> 0
