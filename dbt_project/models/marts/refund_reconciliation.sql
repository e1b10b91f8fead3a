with

-- a refund is carried by the payout whose balance transactions name it
payouts as (
    select
        stripe_source_id as stripe_refund_id,
        min(stripe_payout_id) as stripe_payout_id
    from {{ ref('parsed_stripe__balance_transactions') }}
    where transaction_type in ('refund', 'payment_refund')
    group by stripe_source_id
),

journal_entries as (
    select * from {{ ref('journal_entries') }}
    -- a note that was skipped has none, unless it was posted before
    where coalesce(state, 'ready') <> 'skipped'
),

applications as (
    select * from {{ ref('credit_memo_applications') }} where application_type = 'customer_refund'
),

customer_refunds as (
    select * from {{ ref('books_customer_refunds') }}
),

linked as (
    select
        links.stripe_refund_id,
        links.credit_note_id as stripe_credit_note_id,
        cast(links.linked_minor as bigint) as amount_minor,
        documents.currency,
        case
            when journal_entries.external_id is not null then 'income_account'
            when links.is_out_of_band or links.is_before_go_live then 'match_by_hand'
            when documents.is_before_go_live or pre_go_live.document_id is not null then 'match_by_hand'
            when applications.state = 'posted' then 'customer_refund'
            when outcomes.state = 'skipped' then 'match_by_hand'
            else 'not_yet'
        end as representation,
        payouts.stripe_payout_id,
        case
            when journal_entries.external_id is not null then journal_entries.debit_netsuite_account_id
            when applications.state = 'posted' then customer_refunds.netsuite_account_id
        end as netsuite_account_id,
        case
            when journal_entries.external_id is not null then journal_entries.netsuite_internal_id
            when applications.state = 'posted' then applications.target_netsuite_id
        end as netsuite_internal_id
    from {{ ref('books_refund_links') }} as links
    inner join {{ ref('books_credit_documents') }} as documents on links.credit_note_id = documents.document_id
    inner join {{ ref('outcomes_documents') }} as outcomes on documents.document_id = outcomes.document_id
    left join {{ ref('books_pre_go_live_credit_notes') }} as pre_go_live
        on documents.document_id = pre_go_live.document_id
    left join journal_entries
        on
            links.stripe_refund_id = journal_entries.stripe_refund_id
            and links.credit_note_id = journal_entries.document_id
    left join applications
        on
            links.stripe_refund_id = applications.target_external_id
            and links.credit_note_id = applications.external_id
    left join customer_refunds on links.stripe_refund_id = customer_refunds.stripe_refund_id
    left join payouts on links.stripe_refund_id = payouts.stripe_refund_id
),

linked_sums as (
    select
        stripe_refund_id,
        sum(linked_minor) as linked_minor
    from {{ ref('books_refund_links') }}
    group by stripe_refund_id
),

-- what no credit note links has no memo to be applied to
unlinked as (
    select
        refunds.stripe_refund_id,
        cast(null as varchar) as stripe_credit_note_id,
        cast(refunds.amount_minor - coalesce(linked_sums.linked_minor, 0) as bigint) as amount_minor,
        lower(refunds.currency) as currency,
        'match_by_hand' as representation,
        payouts.stripe_payout_id,
        cast(null as varchar) as netsuite_account_id,
        cast(null as varchar) as netsuite_internal_id
    from {{ ref('parsed_stripe__refunds') }} as refunds
    left join linked_sums on refunds.stripe_refund_id = linked_sums.stripe_refund_id
    left join payouts on refunds.stripe_refund_id = payouts.stripe_refund_id
    where refunds.amount_minor > coalesce(linked_sums.linked_minor, 0)
),

final as (
    select * from linked
    union all
    select * from unlinked
)

select * from final
