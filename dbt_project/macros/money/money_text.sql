{#-
    Amount and currency for a message, such as 12.50 USD. A currency without a known exponent is shown in minor units.

    amount_minor    integer expression
    exponent        decimals of the currency in Stripe: 0, 2 or 3; null when they are unknown
    currency        text expression
    Returns a text expression, null when the amount is null.
-#}
{% macro money_text(amount_minor, exponent, currency) -%}
    (case {{ exponent }}
        when 0 then cast({{ amount_minor }} as {{ text() }})
        when 2 then cast(cast({{ major_units(amount_minor, exponent) }} as decimal(22, 2)) as {{ text() }})
        when 3 then cast({{ major_units(amount_minor, exponent) }} as {{ text() }})
        else cast({{ amount_minor }} as {{ text() }}) || ' minor units of'
    end || ' ' || coalesce(upper({{ currency }}), '(no currency)'))
{%- endmacro %}
