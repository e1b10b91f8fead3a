{#-
    Rule S1: split a total over components in proportion to signed integer weights, to the unit, without a float.

    Each component gets floor(total * weight / sum of weights) units. The units that are left go one each to the largest
    fractions; ties go to the component that comes first in `order_by`. So every share is within one unit of its exact
    value, and the shares sum to the total.

    relation   a relation with one row per component
    group_by   columns that name the whole that is split (list)
    total      column: the amount to split, in minor units, equal in all rows of a group, a multiple of `unit`
    weight     column: signed integer; a group whose weights sum to zero gets everything on its first component
    order_by   columns that order components (list)
    unit       column: smallest amount of a share, in minor units (1, or more where NetSuite's currency is coarser: X3)

    Returns a select of all columns of `relation` plus share_minor (bigint).
-#}
{% macro split_amount(relation, group_by, total, weight, order_by, unit='1') %}
    {%- set whole, order = group_by | join(', '), order_by | join(', ') %}
    {%- set product = 'total_units * signed_weight' %}
    select
        ranked.*,
        cast((ranked.floor_units + case when ranked.fraction_rank <= ranked.missing_units then 1 else 0 end)
            * {{ unit }} as bigint) as share_minor
    from (
        select
            divided.*,
            row_number() over (partition by {{ whole }} order by fraction desc, {{ order }}) as fraction_rank,
            total_units - sum(floor_units) over (partition by {{ whole }}) as missing_units
        from (
            select
                weighed.*,
                case
                    when weight_sum = 0 then case when component_rank = 1 then total_units else 0 end
                    else {{ floor_divide(product, 'weight_sum') }}
                end as floor_units,
                case
                    when weight_sum = 0 then 0
                    else {{ product }} - weight_sum * {{ floor_divide(product, 'weight_sum') }}
                end as fraction
            from (
                select
                    summed.*,
                    -- floor_divide takes a positive divisor: where the weights sum to less than zero, both signs turn
                    {{ wide_integer('summed.' ~ weight) }} * case when raw_weight_sum < 0 then -1 else 1 end
                        as signed_weight,
                    case when raw_weight_sum < 0 then -raw_weight_sum else raw_weight_sum end as weight_sum,
                    {{ floor_divide(wide_integer('summed.' ~ total), wide_integer(unit)) }} as total_units
                from (
                    select
                        components.*,
                        {{ wide_integer('sum(components.' ~ weight ~ ') over (partition by ' ~ whole ~ ')') }}
                            as raw_weight_sum,
                        row_number() over (partition by {{ whole }} order by {{ order }}) as component_rank
                    from {{ relation }} as components
                ) as summed
            ) as weighed
        ) as divided
    ) as ranked
{% endmacro %}
