-- Rules L10, C1, S1: the lines of a memo, with its tax details (under tax_strategy none: with the taxes that the
-- account computes), come to the memo's amount, to the unit; so do, per memo, its applications (C6, C7, R1) where its
-- parts add up. Memos whose parts or lines do not add up, or whose amount NetSuite cannot show, are blocked for just
-- that, or wait for Stripe before anybody looks, or are posted all the same: by a person, or before the note changed.
with

contradicting as (
    select distinct document_id
    from {{ ref('int_findings_amounts') }}
    where reason in ('parts_do_not_add_up', 'lines_do_not_add_up')
),

memos as (
    select
        memos.external_id,
        memos.document_id,
        memos.amount_minor,
        memos.state,
        memos.reason
    from {{ ref('checked_credit_memos') }} as memos
    inner join {{ ref('reference_outcome_reasons') }} as reasons on memos.reason = reasons.reason
    left join contradicting on memos.document_id = contradicting.document_id
    where
        memos.reason <> 'currency_precision'
        and contradicting.document_id is null
        and reasons.reason_rank > (
            select limits.reason_rank
            from {{ ref('reference_outcome_reasons') }} as limits
            where limits.reason = 'lines_do_not_add_up'
        )
),

parts as (
    select document_id, 'lines' as kind, amount_minor from {{ ref('int_memo_lines') }}
    union all
    select document_id, 'lines' as kind, amount_minor from {{ ref('int_memo_tax_details') }}
    {%- if var('tax_strategy') == 'none' %}
    union all
    select document_id, 'lines' as kind, share_minor as amount_minor
    from {{ ref('int_memo_components') }}
    where component_kind = 'tax'
{%- endif %}
    union all
    select document_id, 'applications' as kind, amount_minor from {{ ref('int_memo_applications') }}
),

sums as (
    select
        document_id,
        sum(case when kind = 'lines' then amount_minor else 0 end) as lines_minor,
        sum(case when kind = 'applications' then amount_minor else 0 end) as applications_minor
    from parts
    group by document_id
)

select
    'Memo ' || memos.external_id || ' (' || memos.state || ', ' || memos.reason || ') is '
    || cast(memos.amount_minor as {{ text() }})
    || ' minor units, its lines and taxes come to ' || cast(coalesce(sums.lines_minor, 0) as {{ text() }})
    || ', its applications to ' || cast(coalesce(sums.applications_minor, 0) as {{ text() }}) || '.' as message
from memos
left join sums on memos.document_id = sums.document_id
where
    memos.amount_minor <> coalesce(sums.lines_minor, 0)
    or memos.amount_minor <> coalesce(sums.applications_minor, 0)
