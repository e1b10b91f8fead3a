with

final as (
    select
        document_id,
        {{ adapter.quote('from') }},
        lead({{ adapter.quote('from') }}) over (partition by document_id order by position)
            as {{ adapter.quote('to') }},
        state,
        reason,
        run_id,
        position
    from {{ source('history', 'credit_outcomes') }}
)

select * from final
