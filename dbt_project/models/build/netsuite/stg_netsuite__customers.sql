-- NetSuite customers with an id or name of a customer in scope.
with

concerning as (
    {{ concerning_scope(source('raw_netsuite', 'customers'), ref('scope_names')) }}
)

select
    ---------- ids
    id as netsuite_customer_id,
    externalid as external_id,
    stripe_id as custom_field_stripe_id,
    subsidiary as netsuite_subsidiary_id,
    receivablesaccount as netsuite_receivables_account_id
from concerning
