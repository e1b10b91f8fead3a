{#-
    on-run-end: when every model of the project was built and no data test failed, the customers in scope get the
    fingerprint of the inputs that their
    books were derived from, and all parsed tables are of the code as it is (parsed_code). The pipeline starts no
    build while the rows of all raw tables that this one read are the same (pipeline/unchanged.py).
-#}
{% macro note_successful_build(results) -%}
    {%- if execute and not rebuilds_all() and is_successful_build(results) -%}
    delete from books.parsed_code;
    insert into books.parsed_code values ('{{ parsed_code() }}');
    create table if not exists books.sources_read (relation {{ text() }});
    delete from books.sources_read;
    insert into books.sources_read values ('{{ tables_read() | join("'), ('") }}');
    comment on table books.sources_read is 'Every raw table whose rows the last successful build read.';
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

{#- The sources of every data test, of every model that dbt materializes as a table, and of the views below these. -#}
{% macro tables_read() -%}
    {%- set sources = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'test'
        or node.resource_type == 'model' and node.fqn[1] in ('parsed', 'reference', 'scope', 'build', 'books') -%}
        {%- for id in node.depends_on.nodes if id in graph.sources and graph.sources[id].source_name != 'last_build' -%}
            {%- do sources.append(graph.sources[id].schema ~ '.' ~ graph.sources[id].name) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(sources | unique | sort) }}
{%- endmacro %}
