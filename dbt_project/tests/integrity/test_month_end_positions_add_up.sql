-- Month-end: what became of each document comes to its amount (rules O2, C1, G2, N1), so that `stripe` equals `became`
-- in month_end_tie_out. A note whose parts do not add up explains nothing; what of any other is kept is what the
-- customer's balance got.
{%- if is_nobody_in_scope() %}
{{ no_messages() }}
{%- else %}
with

positions as (
    {{ month_end_positions(
        ref('checked_credit_outcomes'), ref('checked_credit_memos'), ref('checked_journal_entries')
    ) | indent(4) }}
),

sums as (
    select
        document_id,
        sum(amount_minor) as amount_minor,
        sum(case when position = 'difference' then amount_minor else 0 end) as difference_minor,
        sum(case when position = 'kept_in_balance' then amount_minor else 0 end) as kept_minor
    from positions
    group by document_id
)

select
    'The month-end rows of ' || outcomes.document_id || ' come to '
    || cast(coalesce(sums.amount_minor, 0) - coalesce(sums.difference_minor, 0) as {{ text() }})
    || ' minor units, its amount is ' || cast(outcomes.amount_minor as {{ text() }}) || '.' as message
from {{ ref('checked_credit_outcomes') }} as outcomes
left join sums on outcomes.document_id = sums.document_id
left join {{ ref('int_credit_note_parts') }} as parts on outcomes.document_id = parts.credit_note_id
where
    coalesce(parts.adds_up, true)
    and (
        coalesce(outcomes.amount_minor <> sums.amount_minor, outcomes.amount_minor is not null)
        or sums.difference_minor <> 0
    )

union all

select
    'The month-end rows of ' || sums.document_id || ' keep ' || cast(sums.kept_minor as {{ text() }})
    || ' minor units, the customer''s balance got ' || cast(-parts.balance_transaction_minor as {{ text() }}) || '.'
        as message
from sums
inner join {{ ref('int_credit_note_parts') }} as parts on sums.document_id = parts.credit_note_id
where parts.adds_up and sums.kept_minor <> 0 and sums.kept_minor <> -parts.balance_transaction_minor
{%- endif %}
