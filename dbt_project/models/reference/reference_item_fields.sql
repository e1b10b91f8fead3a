{{ config(materialized="replaced_view") }}

-- M2: what field_map.csv puts into each item that the loader creates (L1): constants, since an item serves everybody.
select
    {{ cell('netsuite_field') }} as netsuite_field,
    {{ cell('value_type') }} as value_type,
    {{ cell('constant') }} as value
from {{ ref('field_map') }}
where {{ cell('target') }} = 'item' and {{ cell('constant') }} is not null
