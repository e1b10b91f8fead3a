{#-
    The applications in NetSuite by the journal: one row per record and the NetSuite record that it is applied to.

    log    relation with the columns of load_netsuite.load_log
-#}
{% macro journal_applications(log) %}
with

payloads as (
    {{ journal_payloads(log) }}
),

rows_applied as (
    {{ unnest_rows(
        'payloads', ['record_type', 'external_id'], field('body.apply.items', 'json'),
        'applied_row', 'applied_row_number'
    ) }}
)

select distinct
    record_type,
    external_id,
    {{ expandable_id(field('applied_row.doc', 'json')) }} as target_netsuite_id
from rows_applied
{% endmacro %}
