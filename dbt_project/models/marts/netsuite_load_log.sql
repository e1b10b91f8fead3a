with

adopted_memos as (
    select * from {{ ref('books_memos') }} where is_connector
),

adopted_refunds as (
    select * from {{ ref('books_customer_refunds') }} where is_connector
),

final as (
    select
        log_rows.run_id,
        log_rows.attempt_id,
        log_rows.{{ adapter.quote('at') }},
        log_rows.record_type,
        -- K2: a record of the Stripe Connector that was adopted keeps its own
        coalesce(
            memos.netsuite_external_id, refunds.netsuite_external_id, log_rows.external_id
        ) as external_id,
        log_rows.operation,
        log_rows.status,
        log_rows.internal_id,
        log_rows.http_status,
        log_rows.error_code,
        log_rows.error_detail,
        log_rows.netsuite_operation_id,
        log_rows.payload,
        log_rows.duration_ms,
        log_rows.position,
        -- SQL reserves the name of the other
        log_rows.{{ adapter.quote('at') }} as logged_at
    from {{ source('load_netsuite', 'load_log') }} as log_rows
    left join adopted_memos as memos
        on
            log_rows.record_type = 'creditMemo'
            and log_rows.external_id = memos.external_id
            and log_rows.internal_id = memos.existing_netsuite_id
    left join adopted_refunds as refunds
        on
            log_rows.record_type = 'customerRefund'
            and log_rows.external_id = refunds.stripe_refund_id
            and log_rows.internal_id = refunds.existing_netsuite_id
)

select * from final
