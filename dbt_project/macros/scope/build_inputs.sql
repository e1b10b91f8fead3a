{#-
    What the rules of a build read, from dbt's own graph: every source, seed and parsed model that a model in build/ or reference/ descends from.
    Nothing is listed by hand, so nothing can be forgotten.

    Returns a list of dictionaries:
        id             unique_id of the node (a parsed model instead of the raw rows that it parses)
        relation       name of the relation
        names          column -> kind of id: which ids a row carries (meta `names`)
        customer_key   column that holds the Stripe customer of a row (meta `customer_key`), or none
        version        columns that say which version of a row this is (meta `version`), where a row never changes without them; none = the whole row
    An input with neither names nor customer_key concerns every customer.
-#}
{% macro build_inputs() -%}
    {%- if not execute -%}{{ return([]) }}{%- endif -%}
    {%- set inputs, seen, queue = {}, [], [] -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.fqn[1] in ('build', 'reference') -%}
        {%- do queue.extend(node.depends_on.nodes) -%}
    {%- endfor -%}
    {#- Jinja has no while: the list grows while it is walked -#}
    {%- for id in queue if id not in seen -%}
        {%- do seen.append(id) -%}
        {%- set node = graph.nodes.get(id) or graph.sources.get(id) -%}
        {%- if node.resource_type == 'model' and not (node.fqn[1] == 'parsed' and node.config.materialized == 'incremental') -%}
            {%- if node.fqn[1] in ('parsed', 'reference') -%}
                {%- do queue.extend(node.depends_on.nodes) -%}
            {%- endif -%}
        {%- elif node.source_name != 'last_build' -%}
            {%- set meta = node.config.meta or node.meta -%}
            {%- if meta.parsed_by -%}
                {%- do queue.append('model.' ~ project_name ~ '.' ~ meta.parsed_by) -%}
            {%- else -%}
                {%- do inputs.update({id: {
                    'id': id, 'relation': node.relation_name, 'names': meta.names or {}, 'customer_key': meta.customer_key, 'version': meta.version,
                }}) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(inputs.values() | sort(attribute='id')) }}
{%- endmacro %}
