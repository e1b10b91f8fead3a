{#- The columns together name one row; nulls count as a value. -#}
{% test unique_key(model, columns) %}
select
    '{{ model.name }}: ' || cast(count(*) as varchar) || ' rows share'
    {%- for column in columns %} || ' {{ column }} ' || coalesce(cast({{ column }} as varchar), '(none)'){% endfor %} as message
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
