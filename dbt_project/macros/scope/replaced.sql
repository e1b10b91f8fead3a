{#-
    Materializations `replaced_table` and `replaced_view`: one statement each. dbt-duckdb's own make a new relation,
    rename twice and drop, which takes a
    fifth of a build in which nothing changed, and a killed build leaves the relations of its middle behind. A view
    that is there as this build would make it stays (created_views).
-#}
{% materialization replaced_table, adapter='duckdb' %}
    {{ return(replace_relation('table', create_table_as(False, this.incorporate(type='table'), sql))) }}
{% endmaterialization %}

{% materialization replaced_view, adapter='duckdb' %}
    {%- set target_relation = this.incorporate(type='view') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- if existing is not none and existing.is_view and is_created_view(sql) -%}
        {%- call noop_statement('main', 'UNCHANGED') -%}{%- endcall -%}
        {{ return({'relations': [target_relation]}) }}
    {%- endif -%}
    {{ return(replace_relation('view', create_view_as(target_relation, sql) ~ ';' ~ note_created_view(sql))) }}
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
    {%- do persist_docs(this.incorporate(type=type), model) -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [this.incorporate(type=type)]}) }}
{% endmacro %}

{#- The contract holds which columns there are, so the warehouse is not asked for them. -#}
{% macro duckdb__alter_column_comment(relation, column_dict) %}
    {%- for name, column in column_dict.items() if column.description %}
    comment on column {{ relation }}.{{ adapter.quote(name) }} is {{ duckdb_escape_comment(column.description) }};
    {%- endfor %}
{% endmacro %}
