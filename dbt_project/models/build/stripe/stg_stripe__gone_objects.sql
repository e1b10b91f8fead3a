-- Objects that Stripe never deletes, that documents of the customers in scope rest on, and that answer 404 (rule I3).
with

concerning as (
    {{ concerning_scope(source('raw_stripe', 'extract_gone'), ref('scope_names')) }}
)

select distinct id as stripe_id
from concerning
