{#-
    The columns together name one row; nulls count as a value. In a mart of many rows those are looked at that belong to the documents of this build:
    `scope` is the column that holds their external id.
-#}
{% test unique_key(model, columns, scope=none) %}
select
    '{{ model.name }}: ' || cast(count(*) as varchar) || ' rows share'
    {%- for column in columns %} || ' {{ column }} ' || coalesce(cast({{ column }} as varchar), '(none)'){% endfor %} as message
from {{ rows_in_scope(model.name, scope) if scope else model }} as model_rows
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
