{#- True for the customers that this build derives anew (models/scope). -#}
{% macro is_in_scope(customer_key) -%}
    {{ customer_key }} in (select scope.customer_key from {{ ref('scope_customers') }} as scope)
{%- endmacro %}
