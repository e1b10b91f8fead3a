{#-
    The Stripe id in the external id of a balance use (balance_use_id) or of a memo of the Stripe Connector
    (connector_memo_id); null for every other id. Case is ignored.
-#}
{% macro external_id_base(external_id) -%}
    case
        when lower({{ external_id }}) like '%#_balance' escape '#'
            then substr({{ external_id }}, 1, length({{ external_id }}) - 8)
        when lower({{ external_id }}) like 'ns#_memo:%' escape '#' then substr({{ external_id }}, 9)
    end
{%- endmacro %}
