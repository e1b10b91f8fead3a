-- Rows of customer_map.csv about the customers in scope, with trimmed cells; an empty cell is null.
with

concerning as (
    {{ concerning_scope(ref('customer_map'), ref('scope_names')) }}
)

select
    {{ cell('stripe_customer_id') }} as stripe_customer_id,
    {{ cell('netsuite_customer_id') }} as netsuite_customer_id
from concerning
