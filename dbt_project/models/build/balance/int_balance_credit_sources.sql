-- Which credit each use consumed, oldest first (rules B5, B7). Stripe's ledger does not say; first in, first out is our choice.
-- Credits and what was taken are laid end to end, each on an axis of its own, in the order of the ledger; where a taken stretch and a credit
-- overlap, that credit paid it. A use that was given back becomes a credit again, and what is taken from that comes from where it came from.
with recursive

ledger as (
    select
        ledger.balance_transaction_id,
        ledger.stripe_customer_id,
        ledger.currency,
        ledger.chain_position,
        ledger.transaction_type,
        ledger.amount_minor,
        ledger.credit_note_id,
        ledger.stripe_invoice_id,
        coalesce(use_rows.stripe_invoice_id, ledger.stripe_invoice_id) as used_on_invoice_id,
        case
            when use_rows.balance_transaction_id is null or coalesce(invoices.total_minor < 0, false) then 'other'
            when ledger.amount_minor > 0 and ledger.transaction_type in ('applied_to_invoice', 'checkout_session_subscription_payment') then 'use'
            when ledger.amount_minor < 0 and ledger.transaction_type in ('unapplied_from_invoice', 'checkout_session_subscription_payment_canceled')
                then 'give_back'
            else 'other'
        end as movement
    from {{ ref('int_balance_ledger') }} as ledger
    left join {{ ref('int_balance_use_rows') }} as use_rows
        on ledger.balance_transaction_id = use_rows.balance_transaction_id
    left join {{ ref('stg_stripe__invoices') }} as invoices
        on ledger.stripe_invoice_id = invoices.stripe_invoice_id
),

-- where each row lies on the axis of credits or of what was taken
on_axes as (
    select
        ledger.*,
        case when amount_minor < 0 then -amount_minor else amount_minor end as size_minor,
        sum(case when amount_minor < 0 then -amount_minor else amount_minor end) over (
            partition by stripe_customer_id, currency, case when amount_minor < 0 then 1 else 0 end
            order by chain_position rows between unbounded preceding and current row
        ) as axis_end
    from ledger
    where amount_minor <> 0
),

-- an invoice's uses end to end, and which part of them each give-back returns: the last that was taken
own_uses as (
    select
        on_axes.*,
        sum(case when movement = 'use' then size_minor else 0 end) over (
            partition by stripe_customer_id, currency, used_on_invoice_id order by chain_position rows between unbounded preceding and current row
        ) as own_used,
        sum(case when movement = 'use' then 1 else 0 end) over (
            partition by stripe_customer_id, currency, used_on_invoice_id order by chain_position rows between unbounded preceding and current row
        ) as use_number
    from on_axes
    where movement in ('use', 'give_back')
),

own_stretches as (
    select
        own_uses.*,
        case when movement = 'use' then own_used - size_minor else own_used - sum(case when movement = 'give_back' then size_minor else 0 end) over (
            partition by stripe_customer_id, currency, used_on_invoice_id, use_number
            order by chain_position rows between unbounded preceding and current row
        ) end as own_start
    from own_uses
),

uses as (
    select * from own_stretches where movement = 'use'
),

give_backs as (
    select * from own_stretches where movement = 'give_back'
),

returned as (
    select
        uses.balance_transaction_id,
        sum(
            case when give_backs.own_start + give_backs.size_minor < uses.own_used then give_backs.own_start + give_backs.size_minor else uses.own_used end
            - case when give_backs.own_start > uses.own_start then give_backs.own_start else uses.own_start end
        ) as returned_minor
    from uses
    inner join give_backs
        on
            uses.stripe_customer_id = give_backs.stripe_customer_id
            and uses.currency = give_backs.currency
            and uses.used_on_invoice_id = give_backs.used_on_invoice_id
            and give_backs.own_start < uses.own_used
            and give_backs.own_start + give_backs.size_minor > uses.own_start
    group by uses.balance_transaction_id
),

stretches as (
    select
        cast({{ balance_use_id('uses.used_on_invoice_id') }} as varchar) as document_id,
        uses.stripe_customer_id,
        uses.currency,
        cast(uses.axis_end - uses.size_minor as bigint) as taken_from,
        cast(uses.axis_end - coalesce(returned.returned_minor, 0) as bigint) as taken_to,
        1 as depth
    from uses
    left join returned on uses.balance_transaction_id = returned.balance_transaction_id
    where uses.size_minor > coalesce(returned.returned_minor, 0)

    union all

    -- taken from what an earlier use gave back: follow it to where that use had taken it
    select
        back.document_id,
        back.stripe_customer_id,
        back.currency,
        cast(earlier.axis_end - earlier.size_minor
            + case when back.own_from > earlier.own_start then back.own_from - earlier.own_start else 0 end as bigint),
        cast(earlier.axis_end - earlier.size_minor
            + case when back.own_to < earlier.own_used then back.own_to else earlier.own_used end - earlier.own_start as bigint),
        back.depth + 1
    from (
        select
            stretches.document_id,
            stretches.stripe_customer_id,
            stretches.currency,
            stretches.depth,
            give_backs.used_on_invoice_id,
            give_backs.own_start + case
                when stretches.taken_from > give_backs.axis_end - give_backs.size_minor
                    then stretches.taken_from - (give_backs.axis_end - give_backs.size_minor)
                else 0
            end as own_from,
            give_backs.own_start + case when stretches.taken_to < give_backs.axis_end then stretches.taken_to else give_backs.axis_end end
            - (give_backs.axis_end - give_backs.size_minor) as own_to
        from stretches
        inner join give_backs
            on
                stretches.stripe_customer_id = give_backs.stripe_customer_id
                and stretches.currency = give_backs.currency
                and stretches.taken_to > give_backs.axis_end - give_backs.size_minor
                and stretches.taken_from < give_backs.axis_end
        where stretches.depth < 50
    ) as back
    inner join uses as earlier
        on
            back.stripe_customer_id = earlier.stripe_customer_id
            and back.currency = earlier.currency
            and back.used_on_invoice_id = earlier.used_on_invoice_id
            and back.own_to > earlier.own_start
            and back.own_from < earlier.own_used
),

credits as (
    select * from on_axes
    where amount_minor < 0 and movement = 'other'
)

select
    stretches.document_id,
    credits.stripe_customer_id,
    credits.currency,
    credits.balance_transaction_id as credit_id,
    credits.transaction_type as credit_type,
    credits.credit_note_id,
    credits.stripe_invoice_id,
    cast(credits.size_minor as bigint) as credit_minor,
    -- the stretch of the credit that was used, counted from the credit's own beginning
    cast(case when stretches.taken_from > credits.axis_end - credits.size_minor
        then stretches.taken_from - (credits.axis_end - credits.size_minor) else 0 end as bigint) as used_from_minor,
    cast(case when stretches.taken_to < credits.axis_end
        then stretches.taken_to - (credits.axis_end - credits.size_minor) else credits.size_minor end as bigint) as used_to_minor
from stretches
inner join credits
    on
        stretches.stripe_customer_id = credits.stripe_customer_id
        and stretches.currency = credits.currency
        and stretches.taken_to > credits.axis_end - credits.size_minor
        and stretches.taken_from < credits.axis_end
