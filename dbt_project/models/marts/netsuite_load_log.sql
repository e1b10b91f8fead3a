with

final as (
    select
        run_id,
        attempt_id,
        "at",
        record_type,
        external_id,
        operation,
        status,
        internal_id,
        http_status,
        error_code,
        error_detail,
        netsuite_operation_id,
        payload,
        duration_ms
    from {{ source('load_netsuite', 'load_log') }}
)

select * from final
