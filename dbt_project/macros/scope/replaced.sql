{#-
    Materializations `replaced_table` and `replaced_view`: the relation is there, old or new, whenever somebody looks,
    and a killed build leaves nothing of its middle behind. dbt-duckdb's own take a fifth of a build in which nothing
    changed. A view that is there as this build would make it stays (created_views).
-#}
{% materialization replaced_table, default %}
    {{ return(replace_relation('table')) }}
{% endmaterialization %}

{% materialization replaced_view, default %}
    {%- set existing = load_cached_relation(this) -%}
    {%- if existing is not none and existing.is_view and is_created_view(sql) -%}
        {%- call noop_statement('main', 'UNCHANGED') -%}{%- endcall -%}
        {{ return({'relations': [this.incorporate(type='view')]}) }}
    {%- endif -%}
    {{ return(replace_relation('view')) }}
{% endmaterialization %}

{% macro replace_relation(type) %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set relation = this.incorporate(type=type) -%}
    {{ run_hooks(pre_hooks) }}
    {%- if type == 'table' -%}
        {%- set statements = replace_table(existing, relation, sql) -%}
    {%- else -%}
        {%- set statements = replace_view(existing, relation, sql) -%}
    {%- endif -%}
    {%- call statement('main') -%}
        {{ statements }}{% if type == 'view' %}{{ note_created_view(sql) }}{% endif %}
    {%- endcall -%}
    {{ run_hooks(post_hooks) }}
    {%- do persist_docs(relation, model) -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [relation]}) }}
{% endmacro %}

{#-
    Statements that make a relation anew from a query, whether it is there or not, also with other columns.

    existing    what is there under its name, or none; it may be of another type
    relation    the relation to make
-#}
{% macro replace_table(existing, relation, sql) -%}
    {{ return(adapter.dispatch('replace_table')(existing, relation, sql)) }}
{%- endmacro %}

{% macro replace_view(existing, relation, sql) -%}
    {{ return(adapter.dispatch('replace_view')(existing, relation, sql)) }}
{%- endmacro %}
