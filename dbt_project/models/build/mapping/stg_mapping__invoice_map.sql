-- Rows of invoice_map.csv about the customers in scope, with trimmed cells; an empty cell is null.
with

concerning as (
    {{ concerning_scope(ref('invoice_map'), ref('scope_names')) }}
)

select
    {{ cell('stripe_invoice_id') }} as stripe_invoice_id,
    {{ cell('netsuite_invoice_id') }} as netsuite_invoice_id
from concerning
