{{ config(materialized="replaced_view") }}

-- NetSuite item of each role, one row per role that has one.
select
    {{ cell('role') }} as role,
    max({{ cell('netsuite_item_id') }}) as netsuite_item_id
from {{ ref('default_items') }}
where {{ cell('netsuite_item_id') }} is not null
group by {{ cell('role') }}
