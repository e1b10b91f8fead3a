-- The ids that the customers' objects have or name: by them a changed input finds the customers that it concerns
-- (models/scope).
select customer_key, name, max(case when links then 1 else 0 end) = 1 as links
from (
    select customer_key, name, links from {{ ref('scope_names') }}
    union all
    select customer_key, name, false as links from {{ ref('int_item_names') }}
) as names
group by customer_key, name
