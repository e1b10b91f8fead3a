{#- A relation does not repeat the name of its layer: model books_memos is books.memos. -#}
{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
    {%- set layer = (node.fqn[1] if node and node.resource_type == 'model' else '') ~ '_' -%}
    {%- if custom_alias_name -%}
        {{ custom_alias_name }}
    {%- elif node.name.startswith(layer) -%}
        {{ node.name[layer | length:] }}
    {%- else -%}
        {{ node.name }}
    {%- endif -%}
{%- endmacro %}
