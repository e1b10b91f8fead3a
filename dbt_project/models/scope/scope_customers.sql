{{ config(materialized='replaced_table', post_hook='{{ forget_fingerprints() }}') }}

-- The customers that this build derives anew: the stale ones, and those that share an id with one of them, directly
-- or through others.
with recursive

stale as (
    select customer_key from {{ ref('scope_stale_customers') }}
),

others as (
    select names.customer_key, names.name
    from {{ last_build('names', {'customer_key': text(), 'name': fingerprint_type(), 'links': 'boolean'}) }} as names
    where
        names.links
        and exists (select 1 from stale)
        and names.customer_key not in (select stale.customer_key from stale)
),

stale_names as (
    select customer_key, name from {{ ref('scope_stale_names') }} where links
),

-- mostly nobody shares an id with a stale customer, and then the names of all customers need not be gone through
reached_names as (
    select name from others where name in (select stale_names.name from stale_names)
),

names as (
    select customer_key, name from stale_names
    union all
    select customer_key, name from others
),

shared_names as (
    select name
    from names
    where exists (select 1 from reached_names)
    group by name
    -- a customer has a name once
    having count(*) > 1
),

sharing as (
    select names.customer_key, names.name
    from names
    inner join shared_names on names.name = shared_names.name
),

in_scope as (
    {{ reached('in_scope', 'stale', 'sharing') }}
)

select customer_key from in_scope
