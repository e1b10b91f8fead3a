{#- True when every table of the books is there and may be gone on from. -#}
{% macro last_build_is_whole() -%}
    {%- if flags.FULL_REFRESH or not adapter.get_relation(database=target.database, schema='books', identifier='inputs') -%}
        {{ return(false) }}
    {%- endif -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.fqn[1] == 'books' -%}
        {%- if not adapter.get_relation(database=target.database, schema=node.schema, identifier=node.alias) -%}{{ return(false) }}{%- endif -%}
    {%- endfor -%}
    {{ return(true) }}
{%- endmacro %}
