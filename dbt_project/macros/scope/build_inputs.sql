{#-
    What the rules of a build read, from dbt's own graph: every source, seed and parsed model that a model in build/
    or reference/ descends from.
    Nothing is listed by hand, so nothing can be forgotten.

    Returns a list of dictionaries:
        id             unique_id of the node (a parsed model instead of the raw rows that it parses)
        relation       name of the relation
        names          column -> kind of id: which ids a row carries (meta `names`)
        customer_key   column that holds the Stripe customer of a row (meta `customer_key`), or none
        version        columns that say which version of a row this is (meta `version`), where a row never changes
                       without them; none = the whole row
        concerns_all   true when a row concerns every customer: the input has neither names nor customer_key, or a
                       model reads more of it than the rows of the customers in scope
-#}
{% macro build_inputs() -%}
    {%- if not execute -%}{{ return([]) }}{%- endif -%}
    {%- set inputs, read_whole, seen, edges = {}, [], [], [] -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.fqn[1] in ('build', 'reference') -%}
        {%- set is_narrow = reads_rows_in_scope(node) -%}
        {%- for id in node.depends_on.nodes -%}{%- do edges.append([is_narrow, id]) -%}{%- endfor -%}
    {%- endfor -%}
    {#- Jinja has no while: the list grows while it is walked -#}
    {%- for edge in edges if edge not in seen -%}
        {%- do seen.append(edge) -%}
        {%- set is_narrow, id = edge -%}
        {%- set node = graph.nodes.get(id) or graph.sources.get(id) -%}
        {%- set is_parsed = node.fqn[1] == 'parsed' and node.config.materialized == 'incremental' -%}
        {%- if node.resource_type == 'model' and not is_parsed -%}
            {%- if node.fqn[1] in ('parsed', 'reference') -%}
                {%- for parent in node.depends_on.nodes -%}{%- do edges.append([false, parent]) -%}{%- endfor -%}
            {%- endif -%}
        {%- elif node.source_name != 'last_build' -%}
            {%- set meta = node.config.meta or node.meta -%}
            {%- if meta.parsed_by -%}
                {%- do edges.append([is_narrow, 'model.' ~ project_name ~ '.' ~ meta.parsed_by]) -%}
            {%- else -%}
                {%- if not is_narrow or not (meta.names or meta.customer_key) -%}
                    {%- do read_whole.append(id) -%}
                {%- endif -%}
                {%- do inputs.update({id: {
                    'id': id, 'relation': node.relation_name, 'names': meta.names or {},
                    'customer_key': meta.customer_key, 'version': meta.version,
                    'concerns_all': id in read_whole,
                }}) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(inputs.values() | sort(attribute='id')) }}
{%- endmacro %}

{#-
    True for a staging model of the build that asks for the rows of the customers in scope, or joins another staging
    model. Every other model can see rows that carry no name of a customer in scope, and the fingerprint of that
    customer would not cover them.
-#}
{% macro reads_rows_in_scope(node) -%}
    {%- set joins_staging = 'model.' ~ project_name ~ '.stg_' in node.depends_on.nodes | join(' ') -%}
    {%- set asks = 'concerning_scope(' in node.raw_code or 'is_in_scope(' in node.raw_code -%}
    {{ return(node.name.startswith('stg_') and (asks or joins_staging)) }}
{%- endmacro %}
