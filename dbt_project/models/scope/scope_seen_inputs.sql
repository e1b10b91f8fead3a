{{ config(
    materialized='incremental', incremental_strategy='append', on_schema_change='fail',
    pre_hook="{% if is_incremental() %}delete from {{ this }} where fingerprint in (select changed.fingerprint from {{ ref('scope_changed_inputs') }} as changed where not changed.is_current){% endif %}",
) }}

-- The inputs that what is kept was derived from. Comes after everything else, data tests too: a build that breaks on the way is made up for by the next.
{{ after_all_marts() }}
-- depends_on: {{ ref('scope_changed_inputs') }}
{%- if is_incremental() %}
select input, row_id, external_id, stripe_id, fingerprint
from {{ ref('scope_changed_inputs') }}
where is_current
{%- else %}
select input, row_id, external_id, stripe_id, fingerprint
from {{ ref('scope_inputs') }}
{%- endif %}
