-- Which credit each use consumed, oldest first (rules B5, B7). Stripe's ledger does not say so; first in, first out is
-- our choice. Credits and amounts taken are placed end to end on two axes, in the order of the ledger. Where a taken
-- stretch and a credit overlap, that credit paid it. A use that was given back becomes a credit again; what is taken
-- from it comes from the credit that the use had consumed.
with recursive

ledger as (
    select
        ledger.balance_transaction_id,
        ledger.stripe_customer_id,
        ledger.currency,
        ledger.chain_position,
        ledger.transaction_type,
        ledger.movement,
        ledger.amount_minor,
        abs(ledger.amount_minor) as size_minor,
        ledger.credit_note_id,
        ledger.stripe_invoice_id,
        coalesce(use_rows.stripe_invoice_id, ledger.stripe_invoice_id) as used_on_invoice_id,
        -- the row of a negative invoice is a credit or a debit like any other (N2)
        ledger.movement = 'use' and ledger.amount_minor > 0 and coalesce(invoices.total_minor >= 0, true) as is_use,
        ledger.movement = 'give_back' and ledger.amount_minor < 0 and coalesce(invoices.total_minor >= 0, true)
            as is_give_back
    from {{ ref('int_balance_ledger') }} as ledger
    left join {{ ref('int_balance_use_rows') }} as use_rows
        on ledger.balance_transaction_id = use_rows.balance_transaction_id
    left join {{ ref('stg_stripe__invoices') }} as invoices
        on ledger.stripe_invoice_id = invoices.stripe_invoice_id
    where ledger.amount_minor <> 0
),

-- where each row ends on the axis of credits or on the axis of amounts taken
on_axes as (
    select
        ledger.*,
        sum(size_minor) over (
            partition by stripe_customer_id, currency, case when amount_minor < 0 then 1 else 0 end
            order by chain_position rows between unbounded preceding and current row
        ) as axis_end
    from ledger
),

-- an invoice's uses end to end, and which part of them each give-back returns: what was taken last
own_uses as (
    select
        on_axes.*,
        sum(case when is_use then size_minor else 0 end) over (
            partition by stripe_customer_id, currency, used_on_invoice_id
            order by chain_position rows between unbounded preceding and current row
        ) as own_used,
        sum(case when is_use then 1 else 0 end) over (
            partition by stripe_customer_id, currency, used_on_invoice_id
            order by chain_position rows between unbounded preceding and current row
        ) as use_number
    from on_axes
    where is_use or is_give_back
),

own_stretches as (
    select
        own_uses.*,
        own_used - case
            when is_use then size_minor
            else sum(case when is_give_back then size_minor else 0 end) over (
                partition by stripe_customer_id, currency, used_on_invoice_id, use_number
                order by chain_position rows between unbounded preceding and current row
            )
        end as own_start
    from own_uses
),

uses as (
    select * from own_stretches where is_use
),

give_backs as (
    select * from own_stretches where is_give_back
),

returned as (
    select
        uses.balance_transaction_id,
        sum(
            least(give_backs.own_start + give_backs.size_minor, uses.own_used)
            - greatest(give_backs.own_start, uses.own_start)
        ) as returned_minor
    from uses
    inner join give_backs
        on
            uses.stripe_customer_id = give_backs.stripe_customer_id
            and uses.currency = give_backs.currency
            and uses.used_on_invoice_id = give_backs.used_on_invoice_id
            and uses.own_used > give_backs.own_start
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

    -- a stretch of what an earlier use gave back is replaced by the stretch that this use had taken
    select
        back.document_id,
        back.stripe_customer_id,
        back.currency,
        cast(
            earlier.axis_end - earlier.size_minor
            + greatest(back.own_from - earlier.own_start, 0) as bigint
        ) as taken_from,
        cast(
            earlier.axis_end - earlier.size_minor
            + least(back.own_to, earlier.own_used) - earlier.own_start as bigint
        ) as taken_to,
        back.depth + 1 as depth
    from (
        select
            stretches.document_id,
            stretches.stripe_customer_id,
            stretches.currency,
            stretches.depth,
            give_backs.used_on_invoice_id,
            give_backs.own_start
            + greatest(stretches.taken_from - (give_backs.axis_end - give_backs.size_minor), 0) as own_from,
            give_backs.own_start
            + least(stretches.taken_to, give_backs.axis_end) - (give_backs.axis_end - give_backs.size_minor) as own_to
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
    select
        on_axes.*,
        axis_end - size_minor as axis_start
    from on_axes
    where amount_minor < 0 and not is_give_back
)

select
    stretches.document_id,
    credits.stripe_customer_id,
    credits.currency,
    credits.balance_transaction_id as credit_id,
    credits.transaction_type as credit_type,
    credits.movement as credit_movement,
    credits.credit_note_id,
    credits.stripe_invoice_id,
    cast(credits.size_minor as bigint) as credit_minor,
    -- the stretch of the credit that was used, counted from the beginning of the credit
    cast(greatest(stretches.taken_from - credits.axis_start, 0) as bigint) as used_from_minor,
    cast(least(stretches.taken_to - credits.axis_start, credits.size_minor) as bigint) as used_to_minor
from stretches
inner join credits
    on
        stretches.stripe_customer_id = credits.stripe_customer_id
        and stretches.currency = credits.currency
        and stretches.taken_to > credits.axis_start
        and stretches.taken_from < credits.axis_end
