with

final as (
    select
        record_type,
        external_id,
        line_number,
        netsuite_field,
        value_type,
        value
    from {{ ref('books_field_values') }}
)

select * from final
