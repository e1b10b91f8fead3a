-- Customers whose books were not derived from the inputs that concern them now: new ones, changed ones, those of a
-- build that broke, and those that are gone.
with

books_inputs as {{ last_build('inputs', {'customer_key': text(), 'inputs_fingerprint': fingerprint_type()}) }}

select coalesce(inputs.customer_key, books_inputs.customer_key) as customer_key
from {{ ref('scope_customer_inputs') }} as inputs
full outer join books_inputs on inputs.customer_key = books_inputs.customer_key
where
    inputs.inputs_fingerprint is null
    or books_inputs.inputs_fingerprint is null
    or inputs.inputs_fingerprint <> books_inputs.inputs_fingerprint
