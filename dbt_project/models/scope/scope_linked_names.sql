-- Names, as the books have them, of the customers in scope that are not stale themselves.
select names.customer_key, names.name, names.links
from {{ last_build('names', {'customer_key': text(), 'name': fingerprint_type(), 'links': 'boolean'}) }} as names
where
    names.customer_key in (select scope.customer_key from {{ ref('scope_customers') }} as scope)
    and names.customer_key not in (select stale.customer_key from {{ ref('scope_stale_customers') }} as stale)
