-- The structs of the customers in scope, selected once for all staging models that read them.
select id, invoice
from {{ ref('parsed_stripe__invoices') }}
where {{ is_in_scope('customer_key') }}
