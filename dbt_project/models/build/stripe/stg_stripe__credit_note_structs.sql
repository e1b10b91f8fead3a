{{ config(materialized='table') }}

-- The structs of this build's customers, taken out once for all staging models that take them apart.
select id, note
from {{ ref('parsed_stripe__credit_notes') }}
where {{ is_in_scope('customer_key') }}
