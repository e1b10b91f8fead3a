{#-
    on-run-end: when every model of the project was built and no data test failed, the customers in scope get the
    fingerprint of the inputs that their
    books were derived from, and all parsed tables are of the code as it is (parsed_code).
-#}
{% macro note_successful_build(results) -%}
    {%- if execute and is_successful_build(results) -%}
    delete from books.parsed_code;
    insert into books.parsed_code values ('{{ parsed_code() }}');
        {%- if run_query('select 1 from scope.customers limit 1').rows -%}
        {%- set in_scope = 'select scope.customer_key from scope.customers as scope' %}
    delete from books.inputs where customer_key in ({{ in_scope }});
    insert into books.inputs
    {{ customer_fingerprints('books.names', only=in_scope) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro is_successful_build(results) -%}
    {%- set built = results | selectattr('status', 'equalto', 'success') | map(attribute='node.unique_id') | list -%}
    {%- set models = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model')
        | map(attribute='unique_id') | list -%}
    {%- set broken = results | selectattr('status', 'in', ['error', 'fail', 'skipped']) | list -%}
    {{ return(results and not broken and not models | reject('in', built) | list) }}
{%- endmacro %}
