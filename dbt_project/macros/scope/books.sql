{#-
    Materialization of the books: what the rules derived, of all customers. A build replaces the rows of the customers
    in scope, in one transaction; when all customers are in scope the table is made anew, so that it also takes new
    columns.
-#}
{% materialization books, default %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set relation = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}
    {%- if existing is none or existing.type != 'table' or not has_customers_out_of_scope() -%}
        {%- set statements = make_books(existing, relation, sql) -%}
    {%- else -%}
        {%- set in_scope = 'customer_key in (select scope.customer_key from scope.customers as scope)' -%}
        {%- set statements = replace_rows(relation, in_scope, sql) -%}
    {%- endif -%}
    {%- call statement('main') -%}
        {{ statements }}
    {%- endcall -%}
    {{ run_hooks(post_hooks) }}
    {%- do persist_docs(relation, model) -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}

{#- False when all customers are in scope: then nobody has a fingerprint any more (forget_fingerprints). -#}
{% macro has_customers_out_of_scope() -%}
    {%- if rebuilds_all() -%}{{ return(false) }}{%- endif -%}
    {{ return(run_query('select 1 from books.inputs where inputs_fingerprint is not null limit 1').rows | length > 0) }}
{%- endmacro %}

{#- Statements that make a table of the books anew: replace_table, but a run that breaks may leave none. -#}
{% macro make_books(existing, relation, sql) -%}
    {{ return(adapter.dispatch('make_books')(existing, relation, sql)) }}
{%- endmacro %}

{#- Statements that put the rows of a query, found by the names of its columns, in the place of some rows. -#}
{% macro replace_rows(relation, is_replaced, sql) -%}
    {{ return(adapter.dispatch('replace_rows')(relation, is_replaced, sql)) }}
{%- endmacro %}
