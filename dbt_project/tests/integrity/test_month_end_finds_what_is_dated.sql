-- Month-end: per month and currency, the credit memos that are `dated` = `netsuite`. What NetSuite shows otherwise is
-- the position not_as_posted of `netsuite`, so an edit of a person there breaks nothing: reconcile tells it.
select
    'Month-end: in ' || coalesce(cast(accounting_month as {{ text() }}), '(no month)') || ' '
    || upper(coalesce(currency, '(none)')) || ' the dated credit memos come to '
    || cast(sum(case when line = 'dated' then amount_minor else 0 end) as {{ text() }})
    || ' minor units, those found in NetSuite and what differs to '
    || cast(sum(case when line = 'netsuite' then amount_minor else 0 end) as {{ text() }}) || '.' as message
from {{ ref('checked_month_end_tie_out') }}
where line in ('dated', 'netsuite') and record_type = 'creditMemo'
group by accounting_month, currency
having sum(case when line = 'dated' then amount_minor else -amount_minor end) <> 0
