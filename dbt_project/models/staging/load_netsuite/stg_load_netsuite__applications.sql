with

rows_applied as (
    {{ unnest_rows(ref('stg_load_netsuite__payloads'), ['record_type', 'external_id'], 'body.apply.items', 'applied_row', 'applied_row_number') }}
)

select distinct
    record_type,
    external_id,
    {{ expandable_id('applied_row.doc') }} as target_netsuite_id
from rows_applied
