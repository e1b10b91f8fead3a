-- Components after the tax of their line is moved: inclusive tax is taken out of the item, its discounts and billing
-- credits in proportion to their amounts (rule L7). With line_amount_basis gross all taxes of the line are then added
-- to them, and there are no tax rows (rule L5).
with

components as (
    select * from {{ ref('int_credit_note_components') }}
),

line_taxes as (
    select
        document_id,
        line_position,
        sum(inclusive_minor) as inclusive_minor,
        sum(amount_minor) as tax_minor,
        min(stripe_tax_rate_id) as stripe_tax_rate_id
    from components
    where component_kind = 'tax'
    group by document_id, line_position
),

-- components that carry the tax of their line: item, discounts, billing credits; shipping is net of its taxes already
bearing as (
    select
        components.*,
        cast(line_taxes.inclusive_minor as bigint) as line_inclusive_minor,
        cast(line_taxes.tax_minor as bigint) as line_tax_minor,
        line_taxes.stripe_tax_rate_id as line_tax_rate_id
    from components
    inner join line_taxes
        on components.document_id = line_taxes.document_id and components.line_position = line_taxes.line_position
    where components.component_kind <> 'tax'
),

inclusive_shares as (
    {{ split_amount(
        'bearing', ['document_id', 'line_position'], 'line_inclusive_minor', 'amount_minor',
        ['kind_order', 'component_position']
    ) }}
),
{%- if var('line_amount_basis') == 'gross' %}

gross_shares as (
    {{ split_amount(
        'bearing', ['document_id', 'line_position'], 'line_tax_minor', 'amount_minor',
        ['kind_order', 'component_position']
    ) }}
),
{%- endif %}

final as (
    select
        components.document_id,
        components.line_position,
        components.kind_order,
        components.component_position,
        components.component_kind,
        components.amount_minor - coalesce(inclusive_shares.share_minor, 0)
        {%- if var('line_amount_basis') == 'gross' %} + coalesce(gross_shares.share_minor, 0){% endif %} as net_minor,
        components.stripe_discount_id,
        {%- if var('line_amount_basis') == 'gross' %}
        inclusive_shares.line_tax_rate_id as stripe_tax_rate_id,
{%- else %}
        components.stripe_tax_rate_id,
        {%- endif %}
        components.taxable_minor
    from components
    left join inclusive_shares
        on
            components.document_id = inclusive_shares.document_id
            and components.line_position = inclusive_shares.line_position
            and components.kind_order = inclusive_shares.kind_order
            and components.component_position = inclusive_shares.component_position
            and components.component_kind <> 'tax'
    {%- if var('line_amount_basis') == 'gross' %}
    left join gross_shares
        on
            components.document_id = gross_shares.document_id
            and components.line_position = gross_shares.line_position
            and components.kind_order = gross_shares.kind_order
            and components.component_position = gross_shares.component_position
    where components.component_kind <> 'tax'
{%- endif %}
)

select * from final
