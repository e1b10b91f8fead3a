{#-
    floor(numerator / denominator) of integers. SQL's own division truncates towards zero or gives a float.

    numerator      integer expression; wide_integer() where a product may exceed 64 bits
    denominator    integer expression > 0
    Returns an integer expression.
-#}
{% macro floor_divide(numerator, denominator) -%}
    {{ return(adapter.dispatch('floor_divide')(numerator, denominator)) }}
{%- endmacro %}
