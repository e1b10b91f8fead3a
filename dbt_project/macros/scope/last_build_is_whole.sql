{#- True when every table of the books is there and may be gone on from; never on an engine that rebuilds all. -#}
{% macro last_build_is_whole() -%}
    {%- if rebuilds_all() -%}{{ return(false) }}{%- endif -%}
    {%- set inputs = adapter.get_relation(database=target.database, schema='books', identifier='inputs') -%}
    {%- if flags.FULL_REFRESH or not inputs -%}
        {{ return(false) }}
    {%- endif -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.fqn[1] == 'books' -%}
        {%- set book = adapter.get_relation(database=target.database, schema=node.schema, identifier=node.alias) -%}
        {%- if not book -%}{{ return(false) }}{%- endif -%}
    {%- endfor -%}
    {{ return(true) }}
{%- endmacro %}
