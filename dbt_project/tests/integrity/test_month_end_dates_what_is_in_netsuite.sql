-- Month-end: over all months, what `became` a record in NetSuite = the records that are `dated`, per currency and
-- document type: a record that is dated in another month than its document is in both.
select
    'Month-end: in all months ' || upper(coalesce(currency, '(none)')) || ' ' || document_type || ' became '
    || cast(sum(case when line = 'became' then amount_minor else 0 end) as {{ text() }})
    || ' minor units in NetSuite, the dated records come to '
    || cast(sum(case when line = 'dated' then amount_minor else 0 end) as {{ text() }}) || '.' as message
from {{ ref('checked_month_end_tie_out') }}
where
    line = 'dated'
    or (line = 'became' and position in ('posted', 'posted_in_another_month', 'blocked_in_netsuite'))
group by currency, document_type
having sum(case when line = 'dated' then amount_minor else -amount_minor end) <> 0
