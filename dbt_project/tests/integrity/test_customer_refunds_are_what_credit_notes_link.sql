-- Rules R1, R3: the customer refund that a memo is applied to exists, and it is not more than credit notes link of its
-- Stripe refund. More would pay out money that Stripe did not.
with

customer_refunds as (
    select * from {{ ref('checked_customer_refunds') }}
)

select
    'Customer refund ' || external_id || ' is ' || cast(amount_minor as {{ text() }})
    || ' minor units, credit notes link only '
    || cast(linked_amount_minor as {{ text() }}) || ' of it.' as message
from customer_refunds
where amount_minor > linked_amount_minor

union all

select
    'Memo ' || applications.external_id || ' is applied to customer refund '
    || coalesce(applications.target_external_id, '(none)') || ', which does not exist.' as message
from {{ ref('checked_credit_memo_applications') }} as applications
left join customer_refunds on applications.target_external_id = customer_refunds.stripe_refund_id
where
    applications.application_type = 'customer_refund'
    and customer_refunds.stripe_refund_id is null
    -- K2: an adopted memo that is applied already, whatever to, asks for none
    and applications.reason <> 'adopted'
