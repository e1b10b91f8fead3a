{#- Rows of a book that belong to the customers in scope. -#}
{% macro books_in_scope(book) -%}
    (select * from {{ ref(book) }} where {{ is_in_scope('customer_key') }})
{%- endmacro %}
