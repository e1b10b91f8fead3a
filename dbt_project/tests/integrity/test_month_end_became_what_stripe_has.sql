-- Month-end: per month, currency and document type, `stripe` = `became` (rule O2), as mart month_end_tie_out has them.
select
    'Month-end: in ' || coalesce(cast(accounting_month as {{ text() }}), '(no month)') || ' '
    || upper(coalesce(currency, '(none)')) || ' ' || document_type || ' is '
    || cast(sum(case when line = 'stripe' then amount_minor else 0 end) as {{ text() }})
    || ' minor units in Stripe and became '
    || cast(sum(case when line = 'became' then amount_minor else 0 end) as {{ text() }}) || '.' as message
from {{ ref('checked_month_end_tie_out') }}
where line in ('stripe', 'became')
group by accounting_month, currency, document_type
having sum(case when line = 'stripe' then amount_minor else -amount_minor end) <> 0
