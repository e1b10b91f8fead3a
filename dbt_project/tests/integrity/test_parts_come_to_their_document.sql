-- Rules C1, B3, N1: the parts of a credit document come to its amount, to the unit, and each document has at least one.
with

parts as (
    select
        document_id,
        sum(amount_minor) as amount_minor
    from {{ ref('credit_document_parts') }}
    where document_id in (select outcomes.document_id from {{ ref('checked_credit_outcomes') }} as outcomes)
    group by document_id
)

select
    'Document ' || outcomes.document_id || ' is ' || cast(outcomes.amount_minor as {{ text() }})
    || ' minor units, its parts come to ' || coalesce(cast(parts.amount_minor as {{ text() }}), 'nothing') || '.'
        as message
from {{ ref('checked_credit_outcomes') }} as outcomes
left join parts on outcomes.document_id = parts.document_id
where
    parts.document_id is null
    or parts.amount_minor <> outcomes.amount_minor
    or (parts.amount_minor is null) <> (outcomes.amount_minor is null)
