{#-
    Current version of each Stripe object whose parsed row is missing or outdated.

    Only rows landed since the last build are looked at, and row ids are chosen before any payload is read.

    table_name   table of source raw_stripe; the model that calls this is incremental and stores raw_row_id
    Returns a select of all columns of the raw table and raw_row_id, a bigint that grows with every landed row.
-#}
{% macro changed_objects(table_name) -%}
    {{ return(adapter.dispatch('changed_objects')(source('raw_stripe', table_name))) }}
{%- endmacro %}
