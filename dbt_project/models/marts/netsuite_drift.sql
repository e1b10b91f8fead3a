with

final as (
    select
        {{ adapter.quote('at') }},
        record_type,
        external_id,
        internal_id,
        difference,
        expected_minor,
        found_minor,
        currency,
        detail,
        reconciled_at
    from {{ source('load_netsuite', 'drift') }}
)

select * from final
