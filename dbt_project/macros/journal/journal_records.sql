{#-
    What the journal says of each record: one row per record_type and external_id, from the newest rows of each kind.
    Newest is the greatest position, whatever the clock said (rule P9).

    log    relation with the columns of load_netsuite.load_log
-#}
{% macro journal_records(log) %}
with

log_rows as (
    select
        record_type,
        external_id,
        attempt_id,
        operation,
        status,
        {{ adapter.quote('at') }},
        position,
        internal_id,
        error_code,
        error_detail
    from {{ log }}
),

posted as (
    select
        record_type,
        external_id,
        max(case when recency = 1 then internal_id end) as netsuite_internal_id,
        max(case when status = 'created' then 1 else 0 end) as was_created,
        min({{ adapter.quote('at') }}) as posted_at
    from (
        select
            log_rows.*,
            row_number() over (partition by record_type, external_id order by position desc) as recency
        from log_rows
        where status in ('created', 'adopted')
    ) as present
    group by record_type, external_id
),

-- the newest row that says whether NetSuite shows what was meant
ranked_checks as (
    select
        record_type,
        external_id,
        status,
        error_detail,
        position,
        row_number() over (partition by record_type, external_id order by position desc) as recency
    from log_rows
    where status in ('verified', 'differs')
),

-- the newest answer to a write; applications (operation apply) are told apart
ranked_answers as (
    select
        record_type,
        external_id,
        status,
        coalesce(error_detail, error_code) as error_detail,
        position,
        row_number() over (partition by record_type, external_id order by position desc) as recency
    from log_rows
    where
        status in ('created', 'adopted', 'applied', 'rejected')
        -- P2: that an attempt had no effect is no refusal
        and coalesce(error_code, '') <> 'NO_EFFECT_SEEN'
),

record_keys as (
    select distinct record_type, external_id
    from log_rows
)

select
    record_keys.record_type,
    record_keys.external_id,
    posted.external_id is not null as is_posted,
    posted.netsuite_internal_id,
    posted.posted_at,
    case when posted.was_created = 1 then 'created' when posted.was_created = 0 then 'adopted' end as posted_reason,
    coalesce(ranked_checks.status = 'differs', false) as is_different,
    ranked_checks.position as checked_position,
    ranked_checks.error_detail as difference,
    coalesce(ranked_answers.status = 'rejected', false) as is_rejected,
    ranked_answers.position as answered_position,
    ranked_answers.error_detail as rejection
from record_keys
left join posted
    on record_keys.record_type = posted.record_type and record_keys.external_id = posted.external_id
left join ranked_checks
    on
        record_keys.record_type = ranked_checks.record_type
        and record_keys.external_id = ranked_checks.external_id
        and ranked_checks.recency = 1
left join ranked_answers
    on
        record_keys.record_type = ranked_answers.record_type
        and record_keys.external_id = ranked_answers.external_id
        and ranked_answers.recency = 1
{% endmacro %}
