{#-
    Tables and views replaced by one statement. dbt-duckdb's own way, for databases that cannot (a new relation, two renames, a drop), takes a fifth
    of a build in which nothing changed, and a killed build leaves its relations behind. On another warehouse its adapter's own are used.
-#}
{% materialization table, adapter='duckdb' %}
    {{ return(replace_relation('table', create_table_as(False, this.incorporate(type='table'), sql))) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {{ return(replace_relation('view', create_view_as(this.incorporate(type='view'), sql))) }}
{% endmaterialization %}

{% macro replace_relation(type, create) %}
    {%- set existing = load_cached_relation(this) -%}
    {{ run_hooks(pre_hooks) }}
    {%- if existing is not none and existing.type != type -%}
        {%- do adapter.drop_relation(existing) -%}
    {%- endif -%}
    {%- call statement('main') -%}
        {{ create | replace('create ', 'create or replace ', 1) }}
    {%- endcall -%}
    {{ run_hooks(post_hooks) }}
    {%- do adapter.commit() -%}
    {{ return({'relations': [this.incorporate(type=type)]}) }}
{% endmacro %}
