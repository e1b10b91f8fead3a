with

final as (
    select
        memos.netsuite_external_id as external_id,
        details.line_number,
        details.detail_number,
        details.netsuite_tax_code_id,
        details.netsuite_tax_type_id,
        details.stripe_tax_rate_id,
        details.amount_minor,
        {{ major_units('details.amount_minor', 'memos.stripe_exponent') }} as amount,
        details.tax_basis_minor,
        {{ major_units('details.tax_basis_minor', 'memos.stripe_exponent') }} as tax_basis,
        details.tax_rate_percent,
        memos.document_id,
        details.tax_code_found_by
    from {{ ref('books_memos') }} as memos
    inner join {{ ref('books_memo_tax_details') }} as details on memos.document_id = details.document_id
)

select * from final
