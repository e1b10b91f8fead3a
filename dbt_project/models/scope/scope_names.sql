{{ config(materialized='replaced_view') }}

-- The names of the customers in scope: fresh ones of stale customers, those of the books for whoever is only derived
-- together with them.
select customer_key, name, links from {{ ref('scope_stale_names') }}
union all
select names.customer_key, names.name, names.links
from {{ ref('scope_linked_names') }} as names
