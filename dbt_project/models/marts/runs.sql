with

written as (
    -- rule P3: a memo that was refused for its applications and created without them is not refused
    select
        run_id,
        record_type,
        external_id,
        count(case when status in ('created', 'applied') then 1 end) as rows_posted,
        count(case when status = 'created' then 1 end) as rows_created,
        count(
            case when status = 'rejected' and coalesce(error_code, '') <> 'NO_EFFECT_SEEN' then 1 end
        ) as rows_rejected
    from {{ source('load_netsuite', 'load_log') }}
    where status in ('created', 'applied', 'rejected')
    group by run_id, record_type, external_id
),

of_run as (
    select
        run_id,
        sum(rows_posted) as rows_posted,
        sum(case when rows_created = 0 then rows_rejected else 0 end) as rows_refused
    from written
    group by run_id
),

final as (
    select
        runs.run_id,
        runs.command,
        runs.started_at,
        runs.ended_at,
        runs.exit_code,
        runs.objects_read,
        cast(coalesce(of_run.rows_posted, 0) as bigint) as rows_posted,
        cast(coalesce(of_run.rows_refused, 0) as bigint) as rows_refused,
        runs.documents_blocked,
        reconciliations.records as records_compared,
        reconciliations.differences as differences_found,
        runs.failure,
        runs.position
    from {{ source('history', 'runs') }} as runs
    left join of_run on runs.run_id = of_run.run_id
    left join {{ source('load_netsuite', 'reconciliations') }} as reconciliations
        on runs.run_id = reconciliations.run_id
)

select * from final
