{#-
    The names that rows of a relation carry: one select per declared column, and for external ids one more for the id
    that ours are built on.

    relation   name of the relation
    names      column -> kind of id
    columns    list of columns and expressions to show beside `name`
-#}
{% macro names_in(relation, names, columns) -%}
    {%- for column, kind in names.items() %}
    {%- if not loop.first %}
    union all
    {%- endif %}
    select {{ columns | join(', ') }}, {{ name_key(kind, column) }} as name
    from {{ relation }} as input_row
    where {{ column }} is not null
    {%- if kind == 'external_id' %}
    union all
    select {{ columns | join(', ') }}, {{ name_key(kind, external_id_base(column)) }} as name
    from {{ relation }} as input_row
    where {{ external_id_base(column) }} is not null
    {%- endif %}
    {%- endfor %}
{%- endmacro %}
