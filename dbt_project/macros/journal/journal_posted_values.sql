{#-
    Date, text and external id under which each record was created or adopted: they stay what they were, whatever
    periods close later. The external id is null where NetSuite's record has none (rule K2).

    log    relation with the columns of load_netsuite.load_log
-#}
{% macro journal_posted_values(log) %}
with

payloads as (
    {{ journal_payloads(log) }}
),

ranked as (
    select
        record_type,
        external_id,
        cast(substr({{ field('body.tranDate') }}, 1, 10) as date) as tran_date,
        {{ field('body.memo') }} as memo_text,
        nullif({{ field('body.externalId') }}, '') as netsuite_external_id,
        row_number() over (partition by record_type, external_id order by position) as age_rank
    from payloads
    where {{ field('body.tranDate') }} is not null
)

select
    record_type,
    external_id,
    tran_date,
    memo_text,
    netsuite_external_id
from ranked
where age_rank = 1
{% endmacro %}
