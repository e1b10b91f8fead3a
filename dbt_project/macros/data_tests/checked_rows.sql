{#-
    Rows of a mart that belong to the customers in scope, for the data tests of this build: all others passed when they
    were derived. A mart is a view over all books and the journal, so its code is read here once more, over the books
    and the journal of these customers alone; then a check costs what has changed, not what there is. That both give
    the same rows is tested (tests/dbt/test_scope.py).

    mart       name of the mart
    checked    list of marts that this mart reads and that have checked rows of their own: these are read instead
-#}
{% macro checked_rows(mart, checked=[]) -%}
-- depends_on: {{ ref('scope_customers') }}
-- depends_on: {{ ref(mart) }}
{%- for name in checked %}
-- depends_on: {{ ref('checked_' ~ name) }}
{%- endfor %}
{% if is_nobody_in_scope() -%}
select * from {{ ref(mart) }} where false
{%- elif execute -%}
{{ code_in_scope(mart) }}
{%- endif %}
{%- endmacro %}

{#- The code of a mart or of an outcome, over rows in scope. -#}
{% macro code_in_scope(name) -%}
    {%- set node = graph.nodes['model.' ~ project_name ~ '.' ~ name] -%}
    {{ render('{% set ref = ref_in_scope %}' ~ node.raw_code) }}
{%- endmacro %}

{#-
    Relation of a model as checked rows see it. Of the journal, staging has the rows in scope, read by the same macros
    as the outcomes.
-#}
{% macro ref_in_scope(name) -%}
    {%- set prefix = 'model.' ~ project_name ~ '.' -%}
    {%- set node = graph.nodes[prefix ~ name] -%}
    {%- set journal = graph.nodes.get(prefix ~ name | replace('outcomes_', 'stg_load_netsuite__')) -%}
    {%- if prefix ~ 'checked_' ~ name in model.depends_on.nodes -%}
        {{ graph.nodes[prefix ~ 'checked_' ~ name].relation_name }}
    {%- elif node.fqn[1] == 'outcomes' and journal -%}
        {{ journal.relation_name }}
    {%- elif node.fqn[1] in ('outcomes', 'marts') -%}
        ({{ code_in_scope(name) }})
    {%- elif node.fqn[1] == 'books' -%}
        (select * from {{ node.relation_name }} where {{ is_in_scope('customer_key') }})
    {%- else -%}
        {{ node.relation_name }}
    {%- endif -%}
{%- endmacro %}
