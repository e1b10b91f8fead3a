{{ config(materialized='replaced_view') }}

-- Which inputs concern which customer, as they are now. The names of customers are those of the books: a customer
-- whose own objects have changed is
-- stale by these.
{{ comes_after_all_inputs() }}
{{ customer_fingerprints(last_build('names', {'customer_key': text(), 'name': fingerprint_type()})) }}
