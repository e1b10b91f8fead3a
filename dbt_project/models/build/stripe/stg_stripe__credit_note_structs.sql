-- The structs of the customers in scope, selected once for all staging models that read them.
select id, metadata_netsuite_memo_id, note
from {{ ref('parsed_stripe__credit_notes') }}
where {{ is_in_scope('customer_key') }}
