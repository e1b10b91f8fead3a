{#-
    An amount in minor units as an exact amount in the major unit. A division would make a float.

    amount_minor    integer expression
    exponent        decimals of the currency in Stripe: 0, 2 or 3 (reference_currencies)
    Returns decimal(22, 3); null for another exponent.
-#}
{% macro major_units(amount_minor, exponent) -%}
    cast(case {{ exponent }}
        when 0 then cast({{ amount_minor }} as decimal(22, 3))
        when 2 then cast({{ amount_minor }} as decimal(19, 0)) * cast('0.01' as decimal(3, 2))
        when 3 then cast({{ amount_minor }} as decimal(19, 0)) * cast('0.001' as decimal(4, 3))
    end as decimal(22, 3))
{%- endmacro %}
