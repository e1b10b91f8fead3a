{#-
    Which inputs concern which customer, as one fingerprint per customer: of the customer's own objects, of the rows
    that carry a name of the customer,
    and of everything that concerns all customers (inputs with `concerns_all`, the code, the vars). It changes if and
    only if one of them does.

    names      relation with customer_key and name
    only       a select of customer keys: fingerprints of these customers alone; none = of all
    Returns a select of customer_key (text, '' = objects without a customer) and inputs_fingerprint.
-#}
{% macro customer_fingerprints(names, only=none) %}
{%- set inputs = build_inputs() %}
with
{% for input in inputs if input.names and not input.customer_key %}
-- a row has several names, and its version is taken once
named_rows_{{ loop.index }} as (
    select {{ (input.names.keys() | list + [row_version(input) ~ ' as version']) | join(', ') }}
    from {{ input.relation }} as input_row
),
{% endfor %}
concerning as (
    {%- for input in inputs if input.customer_key %}
    select coalesce({{ input.customer_key }}, '') as customer_key, {{ row_version(input) }} as version
    from {{ input.relation }} as input_row
    {% if only %}where coalesce({{ input.customer_key }}, '') in ({{ only }}){% endif %}
    union all
    {%- endfor %}
    select names.customer_key, named.version
    from (
        {%- for input in inputs if input.names and not input.customer_key %}
        {%- if not loop.first %}
        union all
        {%- endif %}
        {{ names_in('named_rows_' ~ loop.index, input.names, ['version']) }}
        {%- endfor %}
    ) as named
    inner join {{ names }} as names on named.name = names.name
    {% if only %}where names.customer_key in ({{ only }}){% endif %}
),

everybody as (
    select sum(version) as version
    from (
        select {{ code_fingerprint(inputs) }} as version
        {%- for input in inputs if input.concerns_all %}
        union all
        select {{ row_version(input) }} from {{ input.relation }} as input_row
        {%- endfor %}
    ) as versions
)

-- summed first: everybody's part is one value, not one a row
select
    sums.customer_key,
    {{ fingerprint(['sums.version', 'everybody.version']) }} as inputs_fingerprint
from (select customer_key, sum(version) as version from concerning group by customer_key) as sums
cross join everybody
{% endmacro %}
