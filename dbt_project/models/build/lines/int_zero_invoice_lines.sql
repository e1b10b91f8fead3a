-- Rows of the zero-amount invoice of a negative Stripe invoice: one per Stripe line, item by L1, its quantity (rule
-- N1).
with

final as (
    select
        documents.document_id,
        cast(
            row_number() over (
                partition by documents.document_id order by invoice_lines.line_position
            ) as integer
        ) as line_number,
        invoice_lines.stripe_line_id,
        coalesce(invoice_lines.stripe_price_id, '') as stripe_price_id,
        coalesce(invoice_lines.stripe_product_id, '') as stripe_product_id,
        price_items.netsuite_item_id,
        price_items.item_external_id,
        price_items.item_found_by,
        {{ cut_text(sendable_text('invoice_lines.description'), 4000) }} as description,
        coalesce(nullif(invoice_lines.quantity, 0), 1) as quantity
    from {{ ref('int_credit_documents') }} as documents
    inner join {{ ref('stg_stripe__invoice_lines') }} as invoice_lines
        on documents.stripe_invoice_id = invoice_lines.stripe_invoice_id
    left join {{ ref('int_price_items') }} as price_items
        on
            coalesce(invoice_lines.stripe_price_id, '') = price_items.stripe_price_id
            and coalesce(invoice_lines.stripe_product_id, '') = price_items.stripe_product_id
    where documents.document_type = 'negative_invoice'
)

select
    final.*,
    -- L11: untaxed under every strategy. Under suitetax_override taxDetailsOverride says so, and isTaxable is not sent.
    {%- set is_taxable_sent = var('untaxed_tax_code') is none and var('tax_strategy') != 'suitetax_override' %}
    {{ 'false' if is_taxable_sent else 'cast(null as boolean)' }} as is_taxable,
    {{ var_text('untaxed_tax_code') }} as netsuite_tax_code_id
from final
