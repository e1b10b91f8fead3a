{#- Coupon of an expanded discount: source.coupon since 2025-09-30.clover, before that coupon; an id or an object. -#}
{% macro coupon_of(discount) -%}
    coalesce(
        {{ json_text(discount, "'$.source.coupon.id'") }}, {{ json_text(discount, "'$.source.coupon'") }},
        {{ json_text(discount, "'$.coupon.id'") }}, {{ json_text(discount, "'$.coupon'") }}
    )
{%- endmacro %}
