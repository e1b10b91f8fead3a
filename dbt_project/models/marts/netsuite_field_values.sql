with

-- M1: of several credit notes behind one refund, the first that is posted or ready gives the values
giving as (
    select
        links.stripe_refund_id,
        links.credit_note_id,
        row_number() over (
            partition by links.stripe_refund_id order by documents.created_at, links.credit_note_id
        ) as note_rank
    from {{ ref('books_refund_links') }} as links
    inner join {{ ref('books_credit_documents') }} as documents on links.credit_note_id = documents.document_id
    inner join {{ ref('outcomes_documents') }} as outcomes on links.credit_note_id = outcomes.document_id
    where outcomes.state in ('posted', 'ready')
),

final as (
    select
        record_type,
        external_id,
        line_number,
        netsuite_field,
        value_type,
        value
    from {{ ref('books_field_values') }} as books
    where record_type <> 'customerRefund'

    union all

    select
        field_values.record_type,
        field_values.external_id,
        field_values.line_number,
        field_values.netsuite_field,
        field_values.value_type,
        field_values.value
    from {{ ref('books_field_values') }} as field_values
    inner join giving
        on
            field_values.external_id = giving.stripe_refund_id
            and field_values.document_id = giving.credit_note_id
            and giving.note_rank = 1
    where field_values.record_type = 'customerRefund'
    {%- if var('missing_item') == 'create' %}

    union all

    select
        'serviceSaleItem' as record_type,
        items.external_id,
        cast(null as integer) as line_number,
        item_fields.netsuite_field,
        item_fields.value_type,
        item_fields.value
    from {{ ref('items_to_create') }} as items
    cross join {{ ref('reference_item_fields') }} as item_fields
{%- endif %}
)

select * from final
