{{ config(materialized='table') }}

-- The structs of this build's customers, taken out once for all staging models that take them apart.
select id, invoice
from {{ ref('parsed_stripe__invoices') }}
where {{ is_in_scope('customer_key') }}
