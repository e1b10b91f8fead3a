with

final as (
    select
        invoices.external_id,
        zero_lines.line_number,
        zero_lines.stripe_line_id,
        zero_lines.netsuite_item_id,
        zero_lines.item_external_id,
        zero_lines.description,
        zero_lines.quantity,
        zero_lines.is_taxable,
        zero_lines.netsuite_tax_code_id,
        zero_lines.item_found_by
    -- a head for every line: what is skipped has none
    from {{ ref('zero_amount_invoices') }} as invoices
    inner join {{ ref('books_zero_invoice_lines') }} as zero_lines on invoices.document_id = zero_lines.document_id
)

select * from final
