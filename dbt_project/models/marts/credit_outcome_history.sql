with

final as (
    select
        document_id,
        "from",
        lead("from") over (partition by document_id order by position) as "to",
        state,
        reason,
        run_id,
        position
    from {{ source('history', 'credit_outcomes') }}
)

select * from final
