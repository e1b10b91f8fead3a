{#-
    What was sent for each record that exists in NetSuite, or was read from it: the body of the attempt of a `created`
    or `applied` row, the row's own payload where it was read from NetSuite.

    log    relation with the columns of load_netsuite.load_log
-#}
{% macro journal_payloads(log) %}
with

present as (
    select
        answers.record_type,
        answers.external_id,
        answers.position,
        coalesce(attempts.payload, answers.payload) as payload
    from {{ log }} as answers
    left join {{ log }} as attempts
        on
            answers.attempt_id = attempts.attempt_id
            and attempts.status = 'attempted'
            and answers.status in ('created', 'applied')
    where answers.status in ('created', 'applied', 'adopted', 'verified')
)

select
    record_type,
    external_id,
    position,
    {{ parse_json('payload', '{
        "externalId": "VARCHAR", "tranDate": "VARCHAR", "memo": "VARCHAR",
        "apply": {"items": [{"doc": "JSON", "apply": "VARCHAR"}]}
    }') }} as body
from present
where payload is not null
{% endmacro %}
