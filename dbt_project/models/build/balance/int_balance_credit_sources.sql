-- Which credit each use consumed, oldest first (rules B5, B7). Stripe's ledger does not say so; first in, first out is
-- our choice. The ledger is replayed row by row, in the order of the chain. Credit pays debt first. What a use gives
-- back returns to the credit it came from, what was taken last first, and is in front again.
with recursive

amounts as (
    select
        ledger.stripe_customer_id,
        ledger.currency,
        ledger.chain_position,
        ledger.movement,
        use_rows.document_id,
        greatest(coalesce(ledger.amount_minor, 0), 0) as taken_minor,
        greatest(-coalesce(ledger.amount_minor, 0), 0) as added_minor,
        -- the row of a negative invoice is a credit or a debit like any other (N2)
        ledger.movement in ('use', 'give_back') and coalesce(invoices.total_minor >= 0, true) as is_of_use
    from {{ ref('int_balance_ledger') }} as ledger
    left join {{ ref('int_balance_use_rows') }} as use_rows
        on ledger.balance_transaction_id = use_rows.balance_transaction_id
    left join {{ ref('stg_stripe__invoices') }} as invoices
        on ledger.stripe_invoice_id = invoices.stripe_invoice_id
),

movements as (
    select
        stripe_customer_id,
        currency,
        chain_position,
        taken_minor,
        added_minor,
        taken_minor > 0 as takes,
        -- the document that takes credit, or that gives it back
        case
            when is_of_use and movement = 'use' and taken_minor > 0 then document_id
            when is_of_use and movement = 'give_back' and added_minor > 0 then document_id
        end as document_id,
        -- until this row what the document took can come back
        max(case when movement = 'give_back' then chain_position else 0 end) over (
            partition by stripe_customer_id, currency, document_id
        ) as last_give_back
    from amounts
),

pieces as (
    select 1 as piece
    union all
    select 2 as piece
),

-- What there is after each row of a ledger: the debt (credit_position 0), free pieces of credit (no document), and the
-- pieces that documents hold. A piece that can come back no more is not carried on.
holdings as (
    {%- call replayed_credits('movements') %}
    select distinct
        stripe_customer_id,
        currency,
        cast(0 as bigint) as chain_position,
        cast(0 as bigint) as credit_position,
        cast(null as {{ text() }}) as document_id,
        cast(0 as bigint) as taken_at,
        cast(0 as bigint) as last_give_back,
        cast(0 as bigint) as amount_minor
    from movements

    union all

    select
        stripe_customer_id,
        currency,
        chain_position,
        credit_position,
        document_id,
        taken_at,
        last_give_back,
        cast(amount_minor as bigint) as amount_minor
    from (
        select
            moved.stripe_customer_id,
            moved.currency,
            moved.chain_position,
            case
                when moved.credit_position = 0 and pieces.piece = 2 then moved.chain_position
                else moved.credit_position
            end as credit_position,
            case
                when pieces.piece = 1 then moved.holder_id
                when moved.takes and moved.credit_position > 0 then moved.document_id
            end as document_id,
            case
                when pieces.piece = 1 then moved.taken_at
                when moved.takes then moved.chain_position
                else 0
            end as taken_at,
            case
                when pieces.piece = 1 then moved.holder_last_give_back
                when moved.takes then moved.last_give_back
                else 0
            end as last_give_back,
            case
                when moved.credit_position = 0 and pieces.piece = 1 and moved.takes
                    then greatest(moved.debt_minor + moved.taken_minor - moved.free_minor, 0)
                when moved.credit_position = 0 and pieces.piece = 1
                    then greatest(moved.debt_minor - moved.added_minor, 0)
                -- a credit, and what is given back that no piece covers, less the debt that it pays
                when moved.credit_position = 0
                    then
                        moved.added_minor - moved.returned_minor
                        - greatest(moved.debt_minor - moved.returned_minor, 0)
                when pieces.piece = 1 then moved.out_minor_less
                -- what no document takes is gone
                when moved.takes and moved.document_id is null then 0
                when moved.takes then moved.out_minor
                -- a debt takes the oldest of what is given back
                else
                    moved.out_minor
                    - greatest(least(moved.out_minor, moved.debt_minor - moved.returned_before_minor), 0)
            end as amount_minor
        from (
            select
                measured.*,
                amount_minor - out_minor as out_minor_less,
                sum(case when takes then 0 else out_minor end) over (
                    partition by stripe_customer_id, currency
                ) as returned_minor,
                coalesce(sum(case when takes then 0 else out_minor end) over (
                    partition by stripe_customer_id, currency order by credit_position, taken_at
                    rows between unbounded preceding and 1 preceding
                ), 0) as returned_before_minor
            from (
                select
                    queued.*,
                    case
                        when credit_position = 0 then 0
                        when takes and holder_id is null
                            then greatest(least(amount_minor, taken_minor - free_before_minor), 0)
                        when not takes and holder_id = document_id
                            then greatest(least(amount_minor, added_minor - held_before_minor), 0)
                        else 0
                    end as out_minor
                from (
                    select
                        movements.*,
                        holdings.credit_position,
                        holdings.document_id as holder_id,
                        holdings.taken_at,
                        holdings.last_give_back as holder_last_give_back,
                        holdings.amount_minor,
                        sum(case when holdings.credit_position = 0 then holdings.amount_minor else 0 end) over (
                            partition by holdings.stripe_customer_id, holdings.currency
                        ) as debt_minor,
                        sum(case
                            when holdings.credit_position > 0 and holdings.document_id is null
                                then holdings.amount_minor
                            else 0
                        end) over (partition by holdings.stripe_customer_id, holdings.currency) as free_minor,
                        coalesce(sum(case
                            when holdings.credit_position > 0 and holdings.document_id is null
                                then holdings.amount_minor
                            else 0
                        end) over (
                            partition by holdings.stripe_customer_id, holdings.currency
                            order by holdings.credit_position, holdings.taken_at
                            rows between unbounded preceding and 1 preceding
                        ), 0) as free_before_minor,
                        coalesce(sum(case
                            when holdings.document_id = movements.document_id then holdings.amount_minor
                            else 0
                        end) over (
                            partition by holdings.stripe_customer_id, holdings.currency
                            order by holdings.taken_at desc, holdings.credit_position desc
                            rows between unbounded preceding and 1 preceding
                        ), 0) as held_before_minor
                    from holdings
                    inner join movements
                        on
                            holdings.stripe_customer_id = movements.stripe_customer_id
                            and holdings.currency = movements.currency
                            and holdings.chain_position + 1 = movements.chain_position
                    where holdings.document_id is null or holdings.last_give_back > holdings.chain_position
                ) as queued
            ) as measured
        ) as moved
        cross join pieces
    ) as replayed
    where amount_minor > 0 or credit_position = 0
    {%- endcall %}
),

-- each piece once: when it was taken, or, where a later row of its document gives back, after the last such row
taken as (
    select
        stripe_customer_id,
        currency,
        document_id,
        credit_position,
        taken_at,
        sum(amount_minor) as amount_minor
    from holdings
    where document_id is not null and last_give_back <= chain_position
    group by stripe_customer_id, currency, document_id, credit_position, taken_at
),

used as (
    select
        taken.*,
        sum(amount_minor) over (
            partition by stripe_customer_id, currency, credit_position order by taken_at
            rows between unbounded preceding and current row
        ) as used_to_minor
    from taken
)

select
    used.document_id,
    used.stripe_customer_id,
    used.currency,
    credits.balance_transaction_id as credit_id,
    credits.transaction_type as credit_type,
    credits.movement as credit_movement,
    credits.credit_note_id,
    credits.stripe_invoice_id,
    -credits.amount_minor as credit_minor,
    -- how much of the credit uses had taken before this one, and after it
    cast(used.used_to_minor - used.amount_minor as bigint) as used_from_minor,
    cast(used.used_to_minor as bigint) as used_to_minor
from used
inner join {{ ref('int_balance_ledger') }} as credits
    on
        used.stripe_customer_id = credits.stripe_customer_id
        and used.currency = credits.currency
        and used.credit_position = credits.chain_position
