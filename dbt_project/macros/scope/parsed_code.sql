{#-
    Each Stripe object is parsed once, when it is new. After a change of the code that parses, all objects are parsed
    again: books.parsed_code holds the fingerprint of the code that parsed them. It is there only while all parsed
    tables are of that code. What the pipeline noted of its last transform (pipeline/unchanged.py) is true no more when
    another build begins.
-#}

{#- Fingerprint of the models that parse, of the macros, and of the vars that they name. -#}
{% macro parsed_code() -%}
    {%- set models = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model')
        | selectattr('config.materialized', 'equalto', 'incremental') -%}
    {{ return(local_md5(code_parts(models | list) | sort | join('|'))) }}
{%- endmacro %}

{#-
    on-run-start: takes the fingerprint away before a model is parsed by other code. It comes back after a successful
    build (note_successful_build).
-#}
{% macro forget_other_parsed_code() -%}
    {%- if execute and rebuilds_all() -%}
        {%- do log(target.type ~ ' deletes no rows of a table: this build derives everything anew.', info=True) -%}
    {%- elif execute -%}
    create schema if not exists books;
    drop table if exists books.last_transform;
    create table if not exists books.parsed_code (code {{ text() }} not null);
    comment on table books.parsed_code
    is 'Fingerprint of the code that parsed all rows of the parsed tables; empty while some are of other code.';
    delete from books.parsed_code where code <> '{{ parsed_code() }}'
    {%- endif -%}
{%- endmacro %}

{#-
    Called by dbt's incremental materialization and by is_incremental: also true for a parsed model whose rows other
    code has parsed, and on an engine that rebuilds all.
-#}
{% macro should_full_refresh() -%}
    {%- if rebuilds_all() -%}{{ return(true) }}{%- endif -%}
    {%- set is_parsed = model.resource_type == 'model' and model.fqn[1] == 'parsed' -%}
    {%- if is_parsed and not run_query('select 1 from books.parsed_code').rows -%}
        {{ return(true) }}
    {%- endif -%}
    {{ return(dbt.should_full_refresh()) }}
{%- endmacro %}
