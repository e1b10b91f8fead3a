select id from {{ source('raw_netsuite', 'subsidiaries') }}
