-- Rule L8, tax_strategy suitetax_override: tax-detail rows, each with the key of its line. Other strategies have none.
with

components as (
    select * from {{ ref('int_memo_components') }}
    where {{ 'true' if var('tax_strategy') == 'suitetax_override' else 'false' }}
),

taxes as (
    select
        components.*,
        tax_codes.netsuite_tax_code_id,
        tax_codes.netsuite_tax_type_id,
        tax_codes.found_by as tax_code_found_by,
        tax_codes.percentage,
        tax_codes.is_flat,
        -- a tax of zero: the line's only tax, with a row of its own in tax_map
        share_minor = 0 and count(*) over (partition by document_id, line_position) = 1 and has_own_row as is_zero_rated
    from components
    left join {{ ref('int_tax_codes') }} as tax_codes on components.stripe_tax_rate_id = tax_codes.stripe_tax_rate_id
    where component_kind = 'tax'
),

-- the line after discounts and inclusive tax, scaled: the basis when Stripe gives none
line_nets as (
    select
        document_id,
        line_position,
        sum(share_minor) as line_minor
    from components
    where component_kind <> 'tax'
    group by document_id, line_position
),

-- a tax belongs to the first row of its line; a line whose rows are all zero has none
first_rows as (
    select
        document_id,
        line_position,
        min(line_number) as line_number
    from {{ ref('int_memo_lines') }}
    group by document_id, line_position
),

based as (
    select
        taxes.*,
        first_rows.line_number,
        coalesce(
            -- rounded to the nearest unit: bases need not add up
            cast({{ floor_divide(
                '2 * ' ~ wide_integer('taxes.taxable_minor') ~ ' * taxes.memo_minor'
                ~ ' + ' ~ wide_integer('taxes.document_minor') ~ ' * taxes.unit_minor',
                '2 * ' ~ wide_integer('taxes.document_minor') ~ ' * taxes.unit_minor'
            ) }} * taxes.unit_minor as bigint),
            cast(line_nets.line_minor as bigint)
        ) as tax_basis_minor
    from taxes
    left join first_rows
        on taxes.document_id = first_rows.document_id and taxes.line_position = first_rows.line_position
    left join line_nets on taxes.document_id = line_nets.document_id and taxes.line_position = line_nets.line_position
    where taxes.share_minor <> 0 or (taxes.is_zero_rated and first_rows.line_number is not null)
)

select
    based.document_id,
    based.line_number,
    cast(row_number() over (
        partition by based.document_id order by based.line_position, based.kind_order, based.component_position
    ) as integer) as detail_number,
    nullif(based.stripe_tax_rate_id, '') as stripe_tax_rate_id,
    based.netsuite_tax_code_id,
    based.netsuite_tax_type_id,
    based.tax_code_found_by,
    based.share_minor as amount_minor,
    based.tax_basis_minor,
    -- a flat rate, and a rate that Stripe does not list, is computed from the amount and its basis
    cast(case
        when based.percentage is not null and not based.is_flat then based.percentage
        when based.tax_basis_minor <> 0
            then
                cast({{ floor_divide(
                    wide_integer('based.share_minor') ~ ' * 10000000000 * 2'
                    ~ ' + abs(' ~ wide_integer('based.tax_basis_minor') ~ ')',
                    '2 * abs(' ~ wide_integer('based.tax_basis_minor') ~ ')'
                ) }} as decimal(38, 0))
                * cast('0.00000001' as decimal(9, 8))
                * case when based.tax_basis_minor < 0 then -1 else 1 end
        when based.share_minor = 0 then 0
    end as decimal(22, 10)) as tax_rate_percent
from based
