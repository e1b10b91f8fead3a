{#-
    An amount in the major unit for a message, such as 12.50 USD: with the decimals of its currency, more only where
    it has more.

    amount      decimal(22, 3) expression
    exponent    decimals of the currency in Stripe: 0, 2 or 3; null counts as 2
    currency    text expression
    Returns a text expression, null when the amount is null.
-#}
{% macro amount_text(amount, exponent, currency) -%}
    (case
        when {{ exponent }} = 0 and {{ amount }} = cast({{ amount }} as decimal(22, 0))
            then cast(cast({{ amount }} as decimal(22, 0)) as {{ text() }})
        when coalesce({{ exponent }}, 2) <> 3 and {{ amount }} = cast({{ amount }} as decimal(22, 2))
            then cast(cast({{ amount }} as decimal(22, 2)) as {{ text() }})
        else cast(cast({{ amount }} as decimal(22, 3)) as {{ text() }})
    end || ' ' || coalesce(upper({{ currency }}), '(no currency)'))
{%- endmacro %}
