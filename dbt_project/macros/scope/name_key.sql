{#-
    An id as inputs and customers are matched by it: its kind (`stripe`, also for external ids; `netsuite_customer`; `netsuite_transaction`) and the id
    itself, case and outer blanks ignored. Two ids with one key only make a build do more.
-#}
{% macro name_key(kind, id) -%}
    {{ fingerprint(["'" ~ kind ~ "'", 'lower(trim(' ~ id ~ '))']) }}
{%- endmacro %}
