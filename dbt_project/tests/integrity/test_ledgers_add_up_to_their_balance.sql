-- Rule B6: per customer and currency whose ledger is complete, the sum of its rows is the ending balance of the last
-- one, and every row starts where the one before it ended; uses take no more of a credit than there is (B5, B7).
with

checks as (
    select
        stripe_customer_id,
        currency,
        balance_minor,
        ending_balance_minor
    from {{ ref('int_balance_checks') }}
    where is_complete
)

select
    'The ledger of ' || stripe_customer_id || ' in ' || upper(currency) || ' sums to '
    || cast(balance_minor as {{ text() }})
    || ' minor units, its last row ends at ' || coalesce(cast(ending_balance_minor as {{ text() }}), 'nothing')
    || ', though no gap was found.' as message
from checks
where coalesce(balance_minor <> ending_balance_minor, true)

union all

select
    'Ledger row ' || ledger.balance_transaction_id || ' of ' || ledger.stripe_customer_id || ' starts from '
    || coalesce(cast(ledger.starting_balance_minor as {{ text() }}), 'nothing') || ' minor units, not from '
    || cast(ledger.previous_balance_minor as {{ text() }}) || ', though no gap was found.'
from {{ ref('int_balance_ledger') }} as ledger
inner join checks on ledger.stripe_customer_id = checks.stripe_customer_id and lower(ledger.currency) = checks.currency
where coalesce(ledger.starting_balance_minor <> ledger.previous_balance_minor, true)

union all

-- the stretches that uses took of one credit lie inside it and do not overlap
select
    'Uses took ' || cast(sum(used_to_minor - used_from_minor) as {{ text() }}) || ' minor units of credit '
    || credit_id || ', which was only '
    || cast(max(credit_minor) as {{ text() }}) || '.'
from {{ ref('int_balance_credit_sources') }}
group by stripe_customer_id, currency, credit_id
having sum(used_to_minor - used_from_minor) > max(credit_minor) or min(used_to_minor - used_from_minor) <= 0
