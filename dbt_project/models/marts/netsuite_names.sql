select
    record_kind,
    netsuite_id,
    record_number,
    record_name,
    case
        when record_name is null then record_number
        when record_number is null then record_name
        -- the display name of most accounts begins with the number
        when left(record_name, length(record_number)) = record_number then record_name
        else record_number || ' ' || record_name
    end as shown_as
from {{ ref('parsed_netsuite__record_names') }}
