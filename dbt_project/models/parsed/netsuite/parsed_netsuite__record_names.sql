-- For people: no rule reads a number or a name, so a renamed account changes no document.
select
    record_kind,
    id as netsuite_id,
    max(number) as record_number,
    max(name) as record_name
from {{ source('raw_netsuite', 'record_names') }}
where id is not null
group by record_kind, id
