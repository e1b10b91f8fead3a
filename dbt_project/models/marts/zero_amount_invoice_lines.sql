with

final as (
    select
        documents.external_id,
        zero_lines.line_number,
        zero_lines.stripe_line_id,
        zero_lines.netsuite_item_id,
        zero_lines.item_external_id,
        zero_lines.description,
        zero_lines.quantity,
        zero_lines.is_taxable,
        zero_lines.netsuite_tax_code_id
    from {{ ref('int_credit_documents') }} as documents
    inner join {{ ref('int_zero_invoice_lines') }} as zero_lines on documents.document_id = zero_lines.document_id
    -- a head for every line: what is skipped has none
    inner join {{ ref('zero_amount_invoices') }} as invoices on documents.external_id = invoices.external_id
)

select * from final
