with

final as (
    select
        reason_rank,
        state,
        reason,
        who_acts,
        meaning,
        next_step,
        rules
    from {{ ref('reference_outcome_reasons') }}
)

select * from final
