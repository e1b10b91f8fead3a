-- A credit note as signed components that add up to its total: item lines, discounts, billing credits, taxes, shipping
-- and its taxes (rules L3-L9). Inclusive tax is not taken out yet (L7), and nothing is scaled (C1).
with

lines as (
    select * from {{ ref('int_credited_lines') }}
),

documents as (
    select distinct document_id, amounts_of_document_id, lines_from
    from lines
),

-- a note without lines over the whole invoice has the amounts of the invoice (L4)
amounts as (
    select
        documents.document_id,
        amounts.line_position,
        amounts.amount_kind,
        amounts.amount_position,
        amounts.amount_minor,
        amounts.stripe_discount_id,
        coalesce(amounts.stripe_tax_rate_id, '') as stripe_tax_rate_id,
        amounts.taxable_minor
    from documents
    inner join (
        select false as is_of_invoice, note_amounts.* from {{ ref('stg_stripe__credit_note_amounts') }} as note_amounts
        union all
        select true as is_of_invoice, invoice_amounts.* from {{ ref('stg_stripe__invoice_amounts') }} as invoice_amounts
    ) as amounts
        on
            documents.amounts_of_document_id = amounts.document_id
            and (documents.lines_from = 'invoice_lines') = amounts.is_of_invoice
),

items as (
    select
        document_id,
        line_position,
        1 as kind_order,
        1 as component_position,
        line_kind as component_kind,
        amount_minor,
        cast(null as {{ text() }}) as stripe_discount_id,
        cast(null as {{ text() }}) as stripe_tax_rate_id,
        cast(null as bigint) as taxable_minor,
        cast(0 as bigint) as inclusive_minor
    from lines
    where line_kind <> 'shipping_only'
),

-- L6: one line per discount, negative, right after its item
discounts as (
    select
        document_id,
        line_position,
        2 as kind_order,
        min(amount_position) as component_position,
        'discount' as component_kind,
        -sum(amount_minor) as amount_minor,
        stripe_discount_id,
        cast(null as {{ text() }}) as stripe_tax_rate_id,
        cast(null as bigint) as taxable_minor,
        cast(0 as bigint) as inclusive_minor
    from amounts
    where amount_kind = 'discount'
    group by document_id, line_position, stripe_discount_id
),

billing_credits as (
    select
        document_id,
        line_position,
        3 as kind_order,
        amount_position as component_position,
        'billing_credit' as component_kind,
        -amount_minor as amount_minor,
        cast(null as {{ text() }}) as stripe_discount_id,
        cast(null as {{ text() }}) as stripe_tax_rate_id,
        cast(null as bigint) as taxable_minor,
        cast(0 as bigint) as inclusive_minor
    from amounts
    where amount_kind = 'billing_credit'
),

-- L8: one rate twice on a line is one row; inclusive_minor is the part of it that the line's amount contains
taxes as (
    select
        document_id,
        line_position,
        4 as kind_order,
        min(amount_position) as component_position,
        'tax' as component_kind,
        sum(amount_minor) as amount_minor,
        cast(null as {{ text() }}) as stripe_discount_id,
        stripe_tax_rate_id,
        sum(taxable_minor) as taxable_minor,
        sum(case when amount_kind = 'inclusive_tax' then amount_minor else 0 end) as inclusive_minor
    from amounts
    where amount_kind in ('exclusive_tax', 'inclusive_tax')
    group by document_id, line_position, stripe_tax_rate_id
),

-- L9: shipping less its taxes, after all lines
shipping as (
    select
        document_id,
        1000000 as line_position,
        5 as kind_order,
        0 as component_position,
        'shipping' as component_kind,
        sum(case when amount_kind = 'shipping' then amount_minor else -amount_minor end) as amount_minor,
        cast(null as {{ text() }}) as stripe_discount_id,
        cast(null as {{ text() }}) as stripe_tax_rate_id,
        cast(null as bigint) as taxable_minor,
        cast(0 as bigint) as inclusive_minor
    from amounts
    where amount_kind in ('shipping', 'shipping_tax')
    group by document_id
),

shipping_taxes as (
    select
        document_id,
        1000000 as line_position,
        6 as kind_order,
        min(amount_position) as component_position,
        'tax' as component_kind,
        sum(amount_minor) as amount_minor,
        cast(null as {{ text() }}) as stripe_discount_id,
        stripe_tax_rate_id,
        sum(taxable_minor) as taxable_minor,
        cast(0 as bigint) as inclusive_minor
    from amounts
    where amount_kind = 'shipping_tax'
    group by document_id, stripe_tax_rate_id
),

components as (
    select * from items
    union all
    select * from discounts
    union all
    select * from billing_credits
    union all
    select * from taxes
    union all
    select * from shipping
    union all
    select * from shipping_taxes
)

select
    document_id,
    line_position,
    kind_order,
    component_position,
    component_kind,
    cast(amount_minor as bigint) as amount_minor,
    stripe_discount_id,
    stripe_tax_rate_id,
    cast(taxable_minor as bigint) as taxable_minor,
    cast(inclusive_minor as bigint) as inclusive_minor
from components
-- an item of zero can have a row below it (L6), and a tax of zero a code (L5, L8)
where amount_minor <> 0 or component_kind in ('item', 'custom', 'shipping', 'tax')
