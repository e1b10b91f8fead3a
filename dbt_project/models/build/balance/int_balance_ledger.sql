-- The customer balance ledger as a chain (rule B6): every row with its place, per customer and currency.
-- Rows of one second are ordered so that each starts where the row before it ended, not by id.
with recursive

-- B9: the rows of a checkout session belong to the invoice that the session names, or that another row of it names
sessions as (
    select
        rows_of_session.checkout_session_id,
        rows_of_session.stripe_customer_id,
        rows_of_session.currency,
        coalesce(max(sessions.stripe_invoice_id), min(rows_of_session.stripe_invoice_id)) as stripe_invoice_id
    from {{ ref('stg_stripe__customer_balance_transactions') }} as rows_of_session
    left join {{ ref('stg_stripe__checkout_sessions') }} as sessions
        on rows_of_session.checkout_session_id = sessions.checkout_session_id
    where rows_of_session.checkout_session_id is not null and rows_of_session.movement in ('use', 'give_back')
    group by rows_of_session.checkout_session_id, rows_of_session.stripe_customer_id, rows_of_session.currency
),

landed as (
    select
        landed.balance_transaction_id,
        landed.stripe_customer_id,
        landed.currency,
        landed.created_at,
        landed.transaction_type,
        landed.movement,
        coalesce(landed.stripe_invoice_id, sessions.stripe_invoice_id) as stripe_invoice_id,
        landed.stripe_invoice_id is not null as names_invoice,
        landed.credit_note_id,
        landed.checkout_session_id,
        landed.amount_minor,
        landed.ending_balance_minor
    from {{ ref('stg_stripe__customer_balance_transactions') }} as landed
    left join sessions
        on
            landed.movement in ('use', 'give_back')
            and landed.checkout_session_id = sessions.checkout_session_id
            and landed.stripe_customer_id = sessions.stripe_customer_id
            and landed.currency = sessions.currency
),

transactions as (
    select
        landed.*,
        ending_balance_minor - amount_minor as starting_balance_minor,
        -- rows of one second with equal amounts and balances go in the order of their ids: any order of twins is right
        lag(balance_transaction_id) over (
            partition by stripe_customer_id, currency, created_at, ending_balance_minor, amount_minor
            order by balance_transaction_id
        ) as previous_twin_id,
        -- the use of the same second that a give-back undoes; it comes before the give-back if the chain allows
        case
            when movement = 'give_back' then
                min(case when movement = 'use' then balance_transaction_id end) over (
                    partition by
                        stripe_customer_id, currency, created_at, coalesce(stripe_invoice_id, checkout_session_id)
                )
        end as undone_id
    from landed
),

-- the balances of a second from which more than one row can follow
forks as (
    select
        stripe_customer_id,
        currency,
        created_at,
        count(*) as fork_count
    from (
        select stripe_customer_id, currency, created_at, starting_balance_minor
        from transactions
        group by stripe_customer_id, currency, created_at, starting_balance_minor
        having count(distinct ending_balance_minor) > 1
    ) as forking
    group by stripe_customer_id, currency, created_at
),

seconds as (
    select
        stripe_customer_id,
        currency,
        created_at,
        count(*) as row_count,
        sum(sum(amount_minor)) over (
            partition by stripe_customer_id, currency order by created_at
            rows between unbounded preceding and current row
        ) - sum(amount_minor) as opening_minor
    from transactions
    group by stripe_customer_id, currency, created_at
),

-- all orders of the rows of one second that form a chain, one row a step; a second of more than twelve rows with forks
-- keeps the order of its ids
paths as (
    select
        seconds.stripe_customer_id,
        seconds.currency,
        seconds.created_at,
        seconds.row_count,
        cast(0 as bigint) as steps,
        cast(seconds.opening_minor as bigint) as balance_minor,
        cast(0 as bigint) as oddities,
        cast('' as {{ text() }}) as path
    from seconds
    left join forks
        on
            seconds.stripe_customer_id = forks.stripe_customer_id
            and seconds.currency = forks.currency
            and seconds.created_at = forks.created_at
    where seconds.row_count > 1 and (seconds.row_count <= 12 or (forks.fork_count is null and seconds.row_count <= 500))

    union all

    select
        paths.stripe_customer_id,
        paths.currency,
        paths.created_at,
        paths.row_count,
        paths.steps + 1 as steps,
        transactions.ending_balance_minor as balance_minor,
        paths.oddities + case
            when
                transactions.undone_id is not null
                and replace(paths.path, '|' || transactions.undone_id || '|', '') = paths.path
                then 1
            else 0
        end as oddities,
        paths.path || '|' || transactions.balance_transaction_id || '|' as path
    from paths
    inner join transactions
        on
            paths.stripe_customer_id = transactions.stripe_customer_id
            and paths.currency = transactions.currency
            and paths.created_at = transactions.created_at
            and paths.balance_minor = transactions.starting_balance_minor
    where
        paths.steps < paths.row_count
        and replace(paths.path, '|' || transactions.balance_transaction_id || '|', '') = paths.path
        and (
            transactions.previous_twin_id is null
            or replace(paths.path, '|' || transactions.previous_twin_id || '|', '') <> paths.path
        )
),

chosen_paths as (
    select stripe_customer_id, currency, created_at, path
    from (
        select
            paths.*,
            row_number() over (partition by stripe_customer_id, currency, created_at order by oddities, path) as choice
        from paths
        where steps = row_count
    ) as whole_paths
    where choice = 1
),

placed as (
    select
        transactions.*,
        row_number() over (
            partition by transactions.stripe_customer_id, transactions.currency
            order by
                transactions.created_at,
                -- position in the path: the length of the path before the row's id
                case
                    when chosen_paths.path is null then 0
                    else length(split_part(chosen_paths.path, '|' || transactions.balance_transaction_id || '|', 1))
                end,
                transactions.balance_transaction_id
        ) as chain_position
    from transactions
    left join chosen_paths
        on
            transactions.stripe_customer_id = chosen_paths.stripe_customer_id
            and transactions.currency = chosen_paths.currency
            and transactions.created_at = chosen_paths.created_at
),

final as (
    select
        placed.*,
        coalesce(
            lag(ending_balance_minor) over (partition by stripe_customer_id, currency order by chain_position), 0
        ) as previous_balance_minor,
        lag(balance_transaction_id) over (
            partition by stripe_customer_id, currency order by chain_position
        ) as previous_transaction_id
    from placed
)

select
    final.*,
    coalesce(previous_balance_minor <> starting_balance_minor, true) as is_after_gap
from final
