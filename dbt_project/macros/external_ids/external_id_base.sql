{#- The Stripe id in the external id of a balance use (balance_use_id); null for every other id. Case is ignored. -#}
{% macro external_id_base(external_id) -%}
    case
        when lower({{ external_id }}) like '%#_balance' escape '#'
            then substr({{ external_id }}, 1, length({{ external_id }}) - 8)
    end
{%- endmacro %}
