{#-
    The first code points of a text, not cut inside a grapheme where the place can be moved before it (rule X6).

    column    SQL expression of a text
    limit     SQL expression: how many code points there may be
-#}
{% macro cut_text(column, limit) %}{{ return(adapter.dispatch('cut_text')(column, limit)) }}{% endmacro %}

{% macro duckdb__cut_text(column, limit) -%}
    {%- set cut -%}substr({{ column }}, 1, {{ limit }}){%- endset -%}
    {%- set graphemes -%}length_grapheme({{ cut }}){%- endset -%}
    case
        -- the last grapheme is whole, or it is the only one
        when left_grapheme({{ column }}, {{ graphemes }}) = {{ cut }} or {{ graphemes }} <= 1 then {{ cut }}
        else left_grapheme({{ column }}, {{ graphemes }} - 1)
    end
{%- endmacro %}
