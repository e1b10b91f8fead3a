{#- Money is integers in minor units; the only ways to calculate with it that plain SQL does not have. -#}

{#- 128-bit integer, for products of two amounts. -#}
{% macro wide_integer(expression) %}{{ return(adapter.dispatch('wide_integer')(expression)) }}{% endmacro %}
{% macro duckdb__wide_integer(expression) %}cast({{ expression }} as hugeint){% endmacro %}
{% macro default__wide_integer(expression) %}cast({{ expression }} as numeric(38, 0)){% endmacro %}

{#- floor(numerator / denominator) for integers, denominator > 0; SQL's own division truncates towards zero or is a float. -#}
{% macro floor_divide(numerator, denominator) %}{{ return(adapter.dispatch('floor_divide')(numerator, denominator)) }}{% endmacro %}
{% macro duckdb__floor_divide(numerator, denominator) -%}
    ((({{ numerator }}) // ({{ denominator }})) - case when (({{ numerator }}) % ({{ denominator }})) < 0 then 1 else 0 end)
{%- endmacro %}
{% macro default__floor_divide(numerator, denominator) -%}
    floor(({{ numerator }}) / ({{ denominator }}))
{%- endmacro %}

{#- Minor units to the major unit, exactly: exponent 0, 2 or 3. Division would make a float. -#}
{% macro major_units(amount_minor, exponent) -%}
    cast(case {{ exponent }}
        when 0 then cast({{ amount_minor }} as decimal(22, 3))
        when 2 then cast({{ amount_minor }} as decimal(19, 0)) * cast('0.01' as decimal(3, 2))
        when 3 then cast({{ amount_minor }} as decimal(19, 0)) * cast('0.001' as decimal(4, 3))
    end as decimal(22, 3))
{%- endmacro %}

{#- Amount and currency for a sentence, e.g. 12.50 USD; also of a currency nobody knows. -#}
{% macro money_text(amount_minor, exponent, currency) -%}
    (case {{ exponent }}
        when 0 then cast({{ amount_minor }} as varchar)
        when 2 then cast(cast(cast({{ amount_minor }} as decimal(19, 0)) * cast('0.01' as decimal(3, 2)) as decimal(22, 2)) as varchar)
        when 3 then cast(cast(cast({{ amount_minor }} as decimal(19, 0)) * cast('0.001' as decimal(4, 3)) as decimal(22, 3)) as varchar)
        else cast({{ amount_minor }} as varchar) || ' minor units of'
    end || ' ' || upper({{ currency }}))
{%- endmacro %}
