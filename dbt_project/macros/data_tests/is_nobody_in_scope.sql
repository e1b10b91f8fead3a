{#-
    True when a build derives no customer anew: then a data test over rows in scope has no rows to look at, and need not
    go through the books and the journal to find that out.
-#}
{% macro is_nobody_in_scope() -%}
    {%- if not execute or not adapter.get_relation(database=target.database, schema='scope', identifier='customers') -%}
        {{ return(false) }}
    {%- endif -%}
    {{ return(run_query('select 1 from scope.customers limit 1').rows | length == 0) }}
{%- endmacro %}

{#- Result of such a data test. -#}
{% macro no_messages() -%}
select cast(null as {{ text() }}) as message where false
{%- endmacro %}
