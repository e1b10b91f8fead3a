{{ config(materialized='replaced_view') }}

-- Rows that name no invoice themselves, with the document that each belongs to (rules O2, B9).
select balance_transaction_id, stripe_customer_id, stripe_invoice_id, document_id, is_without_invoice
from {{ ref('int_balance_use_rows') }}
where is_attributed
