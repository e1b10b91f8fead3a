-- The components of every memo, scaled from the whole document to the memo's amount, to the unit (rules C1, B4, S1,
-- X3).
with

components as (
    select
        document_id,
        line_position,
        kind_order,
        component_position,
        component_kind,
        net_minor,
        stripe_discount_id,
        stripe_tax_rate_id,
        taxable_minor,
        cast(null as integer) as item_of_line_position
    from {{ ref('int_credit_note_net_components') }}

    union all

    select
        document_id,
        line_position,
        1 as kind_order,
        1 as component_position,
        'balance' as component_kind,
        net_minor,
        cast(null as {{ text() }}) as stripe_discount_id,
        cast(null as {{ text() }}) as stripe_tax_rate_id,
        cast(null as bigint) as taxable_minor,
        item_of_line_position
    from {{ ref('int_balance_use_components') }}
),

with_totals as (
    select
        components.*,
        documents.document_type,
        documents.memo_minor,
        documents.amount_minor as document_minor,
        -- an amount that NetSuite's unit does not divide is blocked elsewhere (currency_precision)
        case when documents.memo_minor % documents.unit_minor = 0 then documents.unit_minor else 1 end as unit_minor
    from components
    inner join {{ ref('int_credit_documents') }} as documents on components.document_id = documents.document_id
    where documents.memo_minor > 0
),

-- a memo over the whole note in Stripe's own unit needs no split
whole as (
    select
        with_totals.*,
        net_minor as share_minor
    from with_totals
    where document_type = 'credit_note' and memo_minor = document_minor and unit_minor = 1
),

partial as (
    select * from with_totals
    where not (document_type = 'credit_note' and memo_minor = document_minor and unit_minor = 1)
),

scaled as (
    {{ split_amount(
        'partial', ['document_id'], 'memo_minor', 'net_minor', ['line_position', 'kind_order', 'component_position'],
        'unit_minor'
    ) }}
),

final as (
{%- set columns = [
    'document_id', 'line_position', 'kind_order', 'component_position', 'component_kind', 'net_minor', 'share_minor',
    'stripe_discount_id', 'stripe_tax_rate_id', 'taxable_minor', 'item_of_line_position', 'memo_minor',
    'document_minor', 'unit_minor',
] %}
    select {{ columns | join(', ') }} from whole
    union all
    select {{ columns | join(', ') }} from scaled
)

select * from final
