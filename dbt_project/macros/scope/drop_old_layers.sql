{#-
    on-run-start: a warehouse that an earlier version built has schemas that nothing keeps up to date any more. They
    are made from raw rows alone, so they go.
-#}
{% macro drop_old_layers() -%}
    {%- if not execute or rebuilds_all() -%}{{ return('') }}{%- endif -%}
    drop schema if exists test_failures cascade;
    {%- set old -%}
    select 1 from information_schema.tables where table_schema = 'kept' and table_name = 'kept_credit_documents'
    {%- endset -%}
    {%- if run_query(old).rows -%}
    drop schema if exists kept cascade;
    drop schema if exists intermediate cascade;
    drop schema if exists staging cascade;
    drop schema if exists scope cascade;
    create schema scope
    {%- endif -%}
{%- endmacro %}
