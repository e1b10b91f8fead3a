-- Rule G3: the rows of every landed refund add up to its amount, failed ones and contradicting links included.
{%- if is_nobody_in_scope() %}
{{ no_messages() }}
{%- else %}
with

shown as (
    select
        stripe_refund_id,
        sum(amount_minor) as amount_minor
    from {{ ref('checked_refund_reconciliation') }}
    group by stripe_refund_id
)

select
    'Refund ' || refunds.stripe_refund_id || ' is ' || cast(refunds.amount_minor as {{ text() }})
    || ' minor units, its rows in refund_reconciliation come to '
    || cast(coalesce(shown.amount_minor, 0) as {{ text() }}) || '.' as message
from {{ ref('parsed_stripe__refunds') }} as refunds
left join shown on refunds.stripe_refund_id = shown.stripe_refund_id
where
    refunds.amount_minor <> coalesce(shown.amount_minor, 0)
    and (
        refunds.stripe_refund_id in (select links.stripe_refund_id from {{ ref('int_refund_links') }} as links)
        or refunds.stripe_refund_id not in (select links.stripe_refund_id from {{ ref('books_refund_links') }} as links)
    )
{%- endif %}
