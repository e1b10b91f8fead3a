-- Rows of mapping files that serve nothing: their Stripe id is not in Stripe, or their NetSuite id not in NetSuite.
with

item_map as (
    {{ mapping_rows('item_map') }}
),

tax_map as (
    {{ mapping_rows('tax_map') }}
),

customer_map as (
    {{ mapping_rows('customer_map') }}
),

invoice_map as (
    {{ mapping_rows('invoice_map') }}
),

landed_item_names as (
    select stripe_price_id as stripe_id from {{ ref('parsed_stripe__prices') }}
    union all
    select stripe_product_id from {{ ref('parsed_stripe__products') }}
    union all
    select id from {{ source('raw_stripe', 'coupons') }}
),

not_landed as (
    select {{ cell('stripe_id') }} as stripe_id
    from item_map
    where
        {{ cell('stripe_id') }} is not null
        and {{ cell('stripe_id') }} not in (select landed_item_names.stripe_id from landed_item_names)
),

-- coupons that were deleted in Stripe, and prices that it does not list, are still on invoices and credit notes
invoice_lines as (
    {{ unnest_rows(
        ref('parsed_stripe__invoices'), ['id'], field('invoice.lines.data', 'json'),
        'line', 'line_position'
    ) }}
),

invoice_discounts as (
    {{ unnest_rows(
        ref('parsed_stripe__invoices'), ['id'], field('invoice.total_discount_amounts', 'json'),
        'entry', 'position'
    ) }}
),

credit_note_discounts as (
    {{ unnest_rows(
        ref('parsed_stripe__credit_notes'), ['id'], field('note.discount_amounts', 'json'),
        'entry', 'position'
    ) }}
),

used_item_names as (
    select not_landed.stripe_id
    from not_landed
    inner join invoice_lines
        on not_landed.stripe_id = {{ expandable_id(field('line.pricing.price_details.price', 'json')) }}
    union
    select not_landed.stripe_id
    from not_landed
    inner join invoice_lines
        on not_landed.stripe_id = {{ expandable_id(field('line.pricing.price_details.product', 'json')) }}
    union
    select not_landed.stripe_id
    from not_landed
    inner join invoice_discounts on not_landed.stripe_id = {{ coupon_of(field('entry.discount', 'json')) }}
    union
    select not_landed.stripe_id
    from not_landed
    inner join credit_note_discounts on not_landed.stripe_id = {{ coupon_of(field('entry.discount', 'json')) }}
),

-- the few ids of a file are looked for, instead of collecting all that there are
tax_rates as (
    select id from {{ ref('parsed_stripe__tax_rates') }}
    union all
    select stripe_tax_rate_id from {{ ref('books_memo_lines') }}
    union all
    select stripe_tax_rate_id from {{ ref('books_memo_tax_details') }}
),

customers as (
    select id from {{ ref('parsed_stripe__customers') }}
    union all
    select stripe_customer_account_id from {{ ref('parsed_stripe__customers') }}
    union all
    select customer_key from {{ ref('parsed_stripe__credit_notes') }}
    union all
    select customer_key from {{ ref('parsed_stripe__invoices') }}
),

asked as (
    select table_name, id from {{ source('raw_netsuite', 'asked_ids') }}
),

unmatched as (
    select
        'item_map' as mapping_file,
        item_map.line_number,
        'stripe_id' as column_name,
        item_map.stripe_id as cell_value,
        'is no price, product or coupon in Stripe' as problem
    from item_map
    inner join not_landed on {{ cell('item_map.stripe_id') }} = not_landed.stripe_id
    where not_landed.stripe_id not in (select used_item_names.stripe_id from used_item_names)

    union

    select
        'tax_map' as mapping_file,
        line_number,
        'stripe_tax_rate_id' as column_name,
        stripe_tax_rate_id as cell_value,
        'is no tax rate in Stripe' as problem
    from tax_map
    where
        {{ cell('stripe_tax_rate_id') }} is not null
        and not exists (select 1 from tax_rates where tax_rates.id = {{ cell('tax_map.stripe_tax_rate_id') }})

    union

    select
        'customer_map' as mapping_file,
        line_number,
        'stripe_customer_id' as column_name,
        stripe_customer_id as cell_value,
        'is no customer in Stripe' as problem
    from customer_map
    where
        {{ cell('stripe_customer_id') }} is not null
        and not exists (select 1 from customers where customers.id = {{ cell('customer_map.stripe_customer_id') }})

    union

    select
        'invoice_map' as mapping_file,
        line_number,
        'stripe_invoice_id' as column_name,
        stripe_invoice_id as cell_value,
        'is no invoice in Stripe' as problem
    from invoice_map
    where
        {{ cell('stripe_invoice_id') }} is not null
        and not exists (
            select 1 from {{ ref('parsed_stripe__invoices') }} as invoices
            where invoices.id = {{ cell('invoice_map.stripe_invoice_id') }}
        )

    union

    select
        'customer_map' as mapping_file,
        customer_map.line_number,
        'netsuite_customer_id' as column_name,
        customer_map.netsuite_customer_id as cell_value,
        case
            when asked.id is null then {{ not_asked_for() }}
            else 'is the internal id of no customer in NetSuite'
        end || ' (row of ' || customer_map.stripe_customer_id || ')' as problem
    from customer_map
    left join {{ source('raw_netsuite', 'customers') }} as records
        on {{ cell('customer_map.netsuite_customer_id') }} = records.id
    left join asked
        on {{ cell('customer_map.netsuite_customer_id') }} = asked.id and asked.table_name = 'customers'
    where records.id is null and {{ cell('customer_map.netsuite_customer_id') }} is not null

    union

    select
        'invoice_map' as mapping_file,
        invoice_map.line_number,
        'netsuite_invoice_id' as column_name,
        invoice_map.netsuite_invoice_id as cell_value,
        case
            when asked.id is null then {{ not_asked_for() }}
            else 'is the internal id of no invoice in NetSuite'
        end || ' (row of ' || invoice_map.stripe_invoice_id || ')' as problem
    from invoice_map
    left join {{ source('raw_netsuite', 'transactions') }} as records
        on {{ cell('invoice_map.netsuite_invoice_id') }} = records.id and records.type = 'CustInvc'
    left join asked
        on {{ cell('invoice_map.netsuite_invoice_id') }} = asked.id and asked.table_name = 'transactions'
    where records.id is null and {{ cell('invoice_map.netsuite_invoice_id') }} is not null
)

select
    mapping_file,
    line_number,
    column_name,
    cell_value,
    mapping_file || '.csv, line ' || cast(line_number as {{ text() }}) || ', column ' || column_name || ': "'
    || cell_value
    || '" ' || problem || '.' as message
from unmatched
