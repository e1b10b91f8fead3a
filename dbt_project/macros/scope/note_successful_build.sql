{#-
    on-run-end: when every model of the project was built and no data test failed, the customers in scope get the fingerprint of the inputs that their
    books were derived from.
-#}
{% macro note_successful_build(results) -%}
    {%- if execute and results -%}
        {%- set built = results | selectattr('status', 'equalto', 'success') | map(attribute='node.unique_id') | list -%}
        {%- set models = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | map(attribute='unique_id') | list -%}
        {%- if not models | reject('in', built) | list and not results | selectattr('status', 'in', ['error', 'fail', 'skipped']) | list -%}
            {%- set scope = 'select scope.customer_key from scope.customers as scope' -%}
    insert into books.inputs
    {{ customer_fingerprints('books.names', only=scope) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
