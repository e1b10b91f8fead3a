{#-
    Rows of a mart, or of an outcome that marts share, of the customers in scope, for the data tests of this build: all
    other rows passed when they were derived. A mart is a view over all books and the journal. Its code is read here
    once more, over the books and the journal of these customers alone, so a check costs what has changed and not what
    is there. tests/dbt/test_staleness.py holds that both give the same rows.

    name     name of the mart or outcome
    reuse    list of marts and outcomes that it reads and that have checked rows themselves: these are read instead
-#}
{% macro checked_rows(name, reuse=[]) -%}
-- depends_on: {{ ref('scope_customers') }}
-- depends_on: {{ ref(name) }}
{%- for reused in reuse %}
-- depends_on: {{ ref('checked_' ~ reused) }}
{%- endfor %}
{% if execute -%}
select *
from ({{ code_in_scope(name) }}) as rows_in_scope
    {%- if is_nobody_in_scope() %}
where false
    {%- endif %}
{%- endif %}
{%- endmacro %}

{#- The code of a mart or an outcome whose `ref` names rows in scope. -#}
{% macro code_in_scope(name) -%}
    {%- set node = graph.nodes['model.' ~ project_name ~ '.' ~ name] -%}
    {{ render('{% set ref = ref_in_scope %}' ~ node.raw_code) }}
{%- endmacro %}

{#-
    What stands for a model that a mart or an outcome reads. Staging has the rows of the journal in scope, read by the
    macros that the outcomes of all records use.
-#}
{% macro ref_in_scope(name) -%}
    {%- set prefix = 'model.' ~ project_name ~ '.' -%}
    {%- set node = graph.nodes[prefix ~ name] -%}
    {%- set checked = prefix ~ 'checked_' ~ name -%}
    {%- set journal = prefix ~ name | replace('outcomes_', 'stg_load_netsuite__') -%}
    {%- if checked in model.depends_on.nodes -%}
        {{ graph.nodes[checked].relation_name }}
    {%- elif node.fqn[1] == 'outcomes' and journal in graph.nodes -%}
        {{ graph.nodes[journal].relation_name }}
    {%- elif node.fqn[1] == 'books' -%}
        (select * from {{ node.relation_name }} where {{ is_in_scope('customer_key') }})
    {%- elif node.fqn[1] == 'outcomes' or (node.fqn[1] == 'marts' and name != 'items_to_create') -%}
        ({{ code_in_scope(name) }})
    {%- else -%}
        {#- an item, like an input, belongs to no customer -#}
        {{ node.relation_name }}
    {%- endif -%}
{%- endmacro %}
