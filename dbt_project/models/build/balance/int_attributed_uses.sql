{{ config(materialized='replaced_view') }}

-- Checkout rows that name no invoice and were attributed to one (rule B1).
select balance_transaction_id, stripe_customer_id, stripe_invoice_id
from {{ ref('int_balance_use_rows') }}
where is_attributed and stripe_invoice_id is not null
