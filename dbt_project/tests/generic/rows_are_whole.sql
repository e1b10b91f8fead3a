{#-
    The key of a mart or a book names one row, and columns that must have a value have one (rules O1, X1, L1). One node
    tests both, since a node costs more than its query. It looks at the rows of the customers in scope: all others
    passed when they were derived.

    key         list of columns
    not_null    list of columns
    by          column that says whose a row is: customer_key, stripe_customer_id, document_id or external_id;
                everybody = the model's rows belong to no customer, so all are tested
    rows        relation of the model's rows in scope (models/checked), where the model is a view over all books
    only        with everybody: the condition of the rows that are tested, where a build need not go through all
-#}
{% test rows_are_whole(model, key, not_null=[], by='customer_key', rows=none, only=none) %}
{%- if is_nobody_in_scope() -%}
{{ no_messages() }}
{%- else -%}
with

rows_in_scope as (
    select {{ (key + not_null) | unique | join(', ') }}
    {%- if rows %}
    from {{ rows }}
    {%- else %}
    from {{ model }}
        {%- if by != 'everybody' %}
    where
            {%- if by in ('customer_key', 'stripe_customer_id') %}
        {{ is_in_scope(by) }}
            {%- elif by == 'document_id' %}
        {{ by }} in (select documents.document_id from {{ ref('int_credit_documents') }} as documents)
            {%- else %}
        {{ by }} in (select ids.external_id from {{ ref('int_external_ids') }} as ids)
            {%- endif %}
        {%- elif only %}
    where {{ only }}
        {%- endif %}
    {%- endif %}
),

-- texts are made for broken keys alone
broken as (
    select
        {{ key | join(', ') }},
        count(*) as row_count
        {%- for column in not_null %},
        count({{ column }}) as value_count_{{ loop.index }}
        {%- endfor %}
    from rows_in_scope
    group by {{ key | join(', ') }}
    having count(*) > 1
    {%- for column in not_null %} or count({{ column }}) < count(*){% endfor %}
),

named as (
    select
        row_count,
        {% for column in key -%}
        {% if not loop.first %}|| ' ' || {% endif %}coalesce(cast({{ column }} as {{ text() }}), '(none)')
        {% endfor %} as key_value,
        {% for column in not_null -%}
        case when value_count_{{ loop.index }} < row_count then ' {{ column }}' else '' end ||
        {% endfor %} '' as missing_columns
    from broken
)

select
    '{{ model.schema }}.{{ model.identifier }}: ' || cast(row_count as {{ text() }}) || ' rows have the key '
    || key_value || '.'
        as message
from named
where row_count > 1

union all

select '{{ model.schema }}.{{ model.identifier }}: ' || key_value || ' has no' || missing_columns || '.' as message
from named
where missing_columns <> ''
{%- endif -%}
{% endtest %}
