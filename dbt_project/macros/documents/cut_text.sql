{#-
    The first code points of a text, not cut inside a grapheme where the place can be moved before it (rule X6).

    column    SQL expression of a text
    limit     SQL expression: how many code points there may be
-#}
{% macro cut_text(column, limit) -%}
    {{ return(adapter.dispatch('cut_text')(column, limit)) }}
{%- endmacro %}
