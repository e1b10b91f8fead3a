{#- What is wrong with an internal id that the last extract did not ask NetSuite for: it may be there. -#}
{% macro not_asked_for() %}'is not in the last snapshot of NetSuite; run `make extract`, then this again'{% endmacro %}
