-- Names (models/scope) of the prices, products, coupons and tax rates on lines of the customers in scope. They
-- decide which NetSuite items and Stripe tax rates the rules see.
with

customers as (
    select credit_note_id as document_id, stripe_customer_id from {{ ref('stg_stripe__credit_notes') }}
    union all
    select stripe_invoice_id as document_id, stripe_customer_id from {{ ref('stg_stripe__invoices') }}
),

ids as (
    select distinct stripe_invoice_id as document_id, stripe_price_id as id from {{ ref('stg_stripe__invoice_lines') }}
    union all
    select distinct stripe_invoice_id as document_id, stripe_product_id as id
    from {{ ref('stg_stripe__invoice_lines') }}
    union all
    select distinct document_id, stripe_tax_rate_id as id from {{ ref('stg_stripe__credit_note_amounts') }}
    union all
    select distinct document_id, stripe_tax_rate_id as id from {{ ref('stg_stripe__invoice_amounts') }}
    {%- for amounts in ['credit_note', 'invoice'] %}
    union all
    select distinct amounts.document_id, discounts.stripe_coupon_id as id
    from {{ ref('stg_stripe__' ~ amounts ~ '_amounts') }} as amounts
    inner join {{ ref('stg_stripe__discounts') }} as discounts
        on amounts.stripe_discount_id = discounts.stripe_discount_id
    {%- endfor %}
)

select distinct
    coalesce(customers.stripe_customer_id, '') as customer_key,
    {{ name_key('stripe', 'ids.id') }} as name
from ids
inner join customers on ids.document_id = customers.document_id
where ids.id is not null
