{#-
    Views that the last builds made. To bind a view and its contract, and to comment its columns, takes a third of a
    build in which little changed. A view stays when three things are as they were: what dbt compiled for it, the text
    that the engine keeps of it (a person may have replaced it), and all code and all columns of the sources (DuckDB
    refuses a view when a column below it has another type). A build that breaks leaves no view to stay.
-#}

{#- on-run-start: forgets the views that are not as a build made them. -#}
{% macro forget_other_views() -%}
    {%- if execute and not rebuilds_all() -%}
    create schema if not exists books;
    create table if not exists books.created_views (
        view_name {{ text() }} not null, compiled {{ text() }} not null,
        view_text {{ text() }}, code {{ text() }}
    );
    comment on table books.created_views
    is 'Views of the last builds: what dbt compiled, the text that the engine keeps, code and columns they rest on.';
    delete from books.created_views as created
    where {% if flags.FULL_REFRESH %}true or {% endif %}not exists (
        select 1 from ({{ view_texts() }}) as views
        where
            views.view_name = created.view_name
            and views.view_text = created.view_text
            and created.code = {{ code_below_views() }}
    )
    {%- endif -%}
{%- endmacro %}

{#- on-run-end: the views of this build may stay, or, when it broke, none. -#}
{% macro note_created_views(results) -%}
    {%- if not execute or rebuilds_all() -%}
        {{ return('') }}
    {%- elif is_successful_build(results) -%}
    update books.created_views
    set view_text = views.view_text, code = {{ code_below_views() }}
    from ({{ view_texts() }}) as views
    where views.view_name = created_views.view_name
    {%- else -%}
    delete from books.created_views
    {%- endif -%}
{%- endmacro %}

{% macro is_created_view(sql) -%}
    {%- if rebuilds_all() -%}{{ return(false) }}{%- endif -%}
    {%- set created -%}
        select 1 from books.created_views where {{ names_this_view() }} and compiled = '{{ compiled_view(sql) }}'
    {%- endset -%}
    {{ return(run_query(created).rows | length > 0) }}
{%- endmacro %}

{#- Statements, each after a semicolon. -#}
{% macro note_created_view(sql) %}
    {%- if rebuilds_all() -%}{{ return('') }}{%- endif -%};
    delete from books.created_views where {{ names_this_view() }};
    insert into books.created_views (view_name, compiled)
    values ('{{ this.schema }}.{{ this.identifier }}', '{{ compiled_view(sql) }}')
{%- endmacro %}

{% macro names_this_view() -%}
    view_name = '{{ this.schema }}.{{ this.identifier }}'
{%- endmacro %}

{% macro compiled_view(sql) -%}
    {{ return(local_md5([sql, model.description, model.columns] | string)) }}
{%- endmacro %}

{#- SQL expression: the code of the project with its vars, and the columns of all sources. -#}
{% macro code_below_views() -%}
    {%- set models = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | list -%}
    {%- set schemas = graph.sources.values() | map(attribute='schema') | unique | sort -%}
    (
        select
            md5('{{ local_md5(code_parts(models) | sort | join('|')) }}' || coalesce({{ texts_joined(
                "concat_ws(' ', columns.schema_name, columns.table_name, columns.column_name, columns.data_type)", ' ',
                'columns.schema_name, columns.table_name, columns.position'
            ) }}, ''))
        from ({{ columns_of_schemas(schemas) }}) as columns
    )
{%- endmacro %}

{#- A query of all views: view_name (schema.view) and view_text, which changes when the view does. -#}
{% macro view_texts() -%}
    {{ return(adapter.dispatch('view_texts')()) }}
{%- endmacro %}

{#- A query of the columns in these schemas: schema_name, table_name, column_name, position, data_type. -#}
{% macro columns_of_schemas(schemas) -%}
    {{ return(adapter.dispatch('columns_of_schemas')(schemas)) }}
{%- endmacro %}
