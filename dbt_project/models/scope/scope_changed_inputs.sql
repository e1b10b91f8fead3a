{{ config(materialized='table') }}

-- Inputs that are new, other than in the last build that ended well, or gone. In a first build nothing is: it derives everything anyway.
with

seen as {{ previous_build('scope', 'scope_seen_inputs', ['input', 'row_id', 'external_id', 'stripe_id', 'fingerprint']) }}

select
    coalesce(inputs.input, seen.input) as input,
    coalesce(inputs.row_id, seen.row_id) as row_id,
    coalesce(inputs.external_id, seen.external_id) as external_id,
    coalesce(inputs.stripe_id, seen.stripe_id) as stripe_id,
    coalesce(inputs.fingerprint, seen.fingerprint) as fingerprint,
    inputs.input is not null as is_current
from {{ ref('scope_inputs') }} as inputs
full outer join seen on inputs.fingerprint = seen.fingerprint
where (inputs.input is null or seen.input is null) and exists (select 1 from seen as any_seen)
