{#-
    Ranges of code points such as 300-36f as the inside of a bracket expression.

    spelling    how the engine's regular expressions spell a code point, for Python's % operator, such as \U%08X
-#}
{% macro code_points(spelling, ranges) -%}
    {%- set members = [] -%}
    {%- for range in ranges.split() -%}
        {%- set ends = [] -%}
        {%- for end in range.split('-') -%}{%- do ends.append(spelling % (end | int(base=16))) -%}{%- endfor -%}
        {%- do members.append(ends | join('-')) -%}
    {%- endfor -%}
    {{ return(members | join('')) }}
{%- endmacro %}
