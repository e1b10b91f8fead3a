{#-
    Discounts, billing credits, taxes and shipping of credit notes or invoices, whose structs carry them alike.

    relation   relation with id and one struct per document
    struct     name of the struct column

    Returns document_id, stripe_line_id and line_position (null for shipping), amount_kind (discount, billing_credit,
    exclusive_tax, inclusive_tax, shipping, shipping_tax), amount_position, amount_minor, stripe_discount_id,
    stripe_tax_rate_id, taxable_minor. Zero amounts are left out, but not those of taxes: a zero-rated line keeps its
    code (L5, L8). Pretax credits of type `discount` are left out too: they repeat the discounts (L6).
-#}
{% macro stripe_document_amounts(relation, struct) %}
{%- set of_line = ['id', 'line_position', field('line.id') ~ ' as stripe_line_id'] %}
with

documents as (
    select * from {{ relation }}
),

line_rows as (
    {{ unnest_rows('documents', ['id'], field(struct ~ '.lines.data', 'json'), 'line', 'line_position') }}
),

discounts as (
    {{ unnest_rows('line_rows', of_line, field('line.discount_amounts', 'json'), 'entry', 'entry_position') }}
),

pretax_credits as (
    {{ unnest_rows('line_rows', of_line, field('line.pretax_credit_amounts', 'json'), 'entry', 'entry_position') }}
),

taxes as (
    {{ unnest_rows('line_rows', of_line, field('line.taxes', 'json'), 'entry', 'entry_position') }}
),

shipping_taxes as (
    {{ unnest_rows('documents', ['id'], field(struct ~ '.shipping_cost.taxes', 'json'), 'entry', 'entry_position') }}
)

select
    id as document_id,
    stripe_line_id,
    cast(line_position as integer) as line_position,
    'discount' as amount_kind,
    cast(entry_position as integer) as amount_position,
    {{ field('entry.amount', 'bigint') }} as amount_minor,
    {{ expandable_id(field('entry.discount', 'json')) }} as stripe_discount_id,
    cast(null as {{ text() }}) as stripe_tax_rate_id,
    cast(null as bigint) as taxable_minor
from discounts
where {{ field('entry.amount', 'bigint') }} <> 0

union all

select
    id as document_id,
    stripe_line_id,
    cast(line_position as integer) as line_position,
    'billing_credit' as amount_kind,
    cast(entry_position as integer) as amount_position,
    {{ field('entry.amount', 'bigint') }} as amount_minor,
    cast(null as {{ text() }}) as stripe_discount_id,
    cast(null as {{ text() }}) as stripe_tax_rate_id,
    cast(null as bigint) as taxable_minor
from pretax_credits
where {{ field('entry.type') }} = 'credit_balance_transaction' and {{ field('entry.amount', 'bigint') }} <> 0

union all

select
    id as document_id,
    stripe_line_id,
    cast(line_position as integer) as line_position,
    case when {{ field('entry.tax_behavior') }} = 'inclusive' then 'inclusive_tax' else 'exclusive_tax' end
        as amount_kind,
    cast(entry_position as integer) as amount_position,
    {{ field('entry.amount', 'bigint') }} as amount_minor,
    cast(null as {{ text() }}) as stripe_discount_id,
    {{ expandable_id(field('entry.tax_rate_details.tax_rate', 'json')) }} as stripe_tax_rate_id,
    {{ field('entry.taxable_amount', 'bigint') }} as taxable_minor
from taxes
where {{ field('entry.amount', 'bigint') }} is not null

union all

select
    id as document_id,
    cast(null as {{ text() }}) as stripe_line_id,
    cast(null as integer) as line_position,
    'shipping' as amount_kind,
    0 as amount_position,
    {{ field(struct ~ '.shipping_cost.amount_total', 'bigint') }} as amount_minor,
    cast(null as {{ text() }}) as stripe_discount_id,
    cast(null as {{ text() }}) as stripe_tax_rate_id,
    cast(null as bigint) as taxable_minor
from documents
where {{ field(struct ~ '.shipping_cost.amount_total', 'bigint') }} <> 0

union all

select
    id as document_id,
    cast(null as {{ text() }}) as stripe_line_id,
    cast(null as integer) as line_position,
    'shipping_tax' as amount_kind,
    cast(entry_position as integer) as amount_position,
    {{ field('entry.amount', 'bigint') }} as amount_minor,
    cast(null as {{ text() }}) as stripe_discount_id,
    {{ expandable_id(field('entry.rate', 'json')) }} as stripe_tax_rate_id,
    {{ field('entry.taxable_amount', 'bigint') }} as taxable_minor
from shipping_taxes
where {{ field('entry.amount', 'bigint') }} is not null

union all

-- Stripe sends the taxes of shipping only when they are expanded, but always their sum
select
    id as document_id,
    cast(null as {{ text() }}) as stripe_line_id,
    cast(null as integer) as line_position,
    'shipping_tax' as amount_kind,
    1 as amount_position,
    {{ field(struct ~ '.shipping_cost.amount_tax', 'bigint') }} as amount_minor,
    cast(null as {{ text() }}) as stripe_discount_id,
    cast(null as {{ text() }}) as stripe_tax_rate_id,
    cast(null as bigint) as taxable_minor
from documents
where
    {{ field(struct ~ '.shipping_cost.amount_tax', 'bigint') }} <> 0
    and id not in (select shipping_taxes.id from shipping_taxes)
{% endmacro %}
