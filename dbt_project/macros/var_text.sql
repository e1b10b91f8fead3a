{#- The value of a var as a text literal; a var that is null as a typed null. -#}
{% macro var_text(name) -%}
    {%- if var(name) is none -%}
    cast(null as {{ text() }})
    {%- else -%}
    '{{ var(name) | string | replace("'", "''") }}'
    {%- endif -%}
{%- endmacro %}
