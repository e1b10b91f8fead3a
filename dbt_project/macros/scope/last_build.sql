{#-
    What the last builds left in the books, for models that come before the books in this build. Empty in a first
    build, after --full-refresh, and when a
    table of the books is missing: then everything is derived anew.

    table      `inputs` or `names` (source last_build)
    columns    column -> type
-#}
{% macro last_build(table, columns) -%}
    {%- set relation = source('last_build', table) -%}
    {%- if execute and last_build_is_whole() -%}
        (select {{ columns.keys() | join(', ') }} from {{ relation }})
    {%- else -%}
        (
            select
            {%- for column, type in columns.items() %}
                cast(null as {{ type }}) as {{ column }}{% if not loop.last %},{% endif %}
            {%- endfor %}
            where false
        )
    {%- endif -%}
{%- endmacro %}
