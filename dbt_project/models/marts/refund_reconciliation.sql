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
    select * from {{ ref('books_customer_refunds') }} as books
),

records as (
    select * from {{ ref('outcomes_records') }} where is_posted
),

-- R4: a part that was in its customer refund when it was decided out of band is still in it
parts_in_refunds as (
    select distinct
        refunds.external_id as stripe_refund_id,
        memos.external_id as credit_note_id,
        refunds.netsuite_internal_id
    from {{ ref('outcomes_applications') }} as made
    inner join records as refunds
        on made.external_id = refunds.external_id and refunds.record_type = 'customerRefund'
    inner join records as memos
        on made.target_netsuite_id = memos.netsuite_internal_id and memos.record_type = 'creditMemo'
    where made.record_type = 'customerRefund'
),

-- first the links of notes that are neither skipped nor blocked by R6, then by the notes' creation
ordered as (
    select
        links.stripe_refund_id,
        links.credit_note_id,
        links.is_out_of_band,
        links.is_before_go_live,
        links.is_failed,
        documents.is_before_go_live as is_document_before_go_live,
        outcomes.state,
        greatest(coalesce(links.linked_minor, 0), 0) as linked_minor,
        coalesce(refunds.amount_minor, 0) as refund_minor,
        lower(refunds.currency) as currency,
        {{ accounting_date('refunds.created_at') }} as refund_date,
        row_number() over (
            partition by links.stripe_refund_id
            order by
                case when outcomes.state <> 'skipped' and contradicting.credit_note_id is null then 0 else 1 end,
                documents.created_at,
                links.credit_note_id
        ) as turn
    from {{ ref('books_refund_links') }} as links
    -- a refund that was not landed has no row
    inner join {{ ref('parsed_stripe__refunds') }} as refunds on links.stripe_refund_id = refunds.stripe_refund_id
    inner join {{ ref('books_credit_documents') }} as documents on links.credit_note_id = documents.document_id
    inner join {{ ref('outcomes_documents') }} as outcomes on documents.document_id = outcomes.document_id
    left join {{ ref('books_contradicting_refund_links') }} as contradicting
        on
            links.stripe_refund_id = contradicting.stripe_refund_id
            and links.credit_note_id = contradicting.credit_note_id
),

-- each row shows at most what the rows before it leave
filled as (
    select
        ordered.*,
        greatest(least(ordered.linked_minor, ordered.refund_minor - coalesce(sum(ordered.linked_minor) over (
            partition by ordered.stripe_refund_id order by ordered.turn
            rows between unbounded preceding and 1 preceding
        ), 0)), 0) as amount_minor
    from ordered
),

represented as (
    select
        filled.*,
        case
            when journal_entries.external_id is not null then 'income_account'
            when
                applications.state = 'posted' and applications.netsuite_memo_id is not null
                or parts_in_refunds.stripe_refund_id is not null
                then 'customer_refund'
            when filled.is_out_of_band or filled.is_before_go_live then 'match_by_hand'
            when filled.is_document_before_go_live or pre_go_live.document_id is not null then 'match_by_hand'
            when filled.state = 'skipped' then 'match_by_hand'
            -- its row nets with the payout's refund failure
            when filled.is_failed then 'match_by_hand'
            else 'not_yet'
        end as representation,
        journal_entries.debit_netsuite_account_id,
        journal_entries.netsuite_internal_id as netsuite_entry_id,
        coalesce(applications.target_netsuite_id, parts_in_refunds.netsuite_internal_id) as netsuite_refund_id,
        customer_refunds.netsuite_account_id as refund_account_id
    from filled
    left join {{ ref('books_pre_go_live_credit_notes') }} as pre_go_live
        on filled.credit_note_id = pre_go_live.document_id
    left join journal_entries
        on
            filled.stripe_refund_id = journal_entries.stripe_refund_id
            and filled.credit_note_id = journal_entries.document_id
    left join applications
        on
            filled.stripe_refund_id = applications.target_external_id
            and filled.credit_note_id = applications.document_id
    left join parts_in_refunds
        on
            filled.stripe_refund_id = parts_in_refunds.stripe_refund_id
            and filled.credit_note_id = parts_in_refunds.credit_note_id
    left join customer_refunds on filled.stripe_refund_id = customer_refunds.stripe_refund_id
),

linked as (
    select
        represented.stripe_refund_id,
        represented.credit_note_id as stripe_credit_note_id,
        cast(represented.amount_minor as bigint) as amount_minor,
        represented.currency,
        represented.refund_date,
        represented.representation,
        payouts.stripe_payout_id,
        case represented.representation
            when 'income_account' then represented.debit_netsuite_account_id
            when 'customer_refund' then represented.refund_account_id
        end as netsuite_account_id,
        case represented.representation
            when 'income_account' then represented.netsuite_entry_id
            when 'customer_refund' then represented.netsuite_refund_id
        end as netsuite_internal_id
    from represented
    left join payouts on represented.stripe_refund_id = payouts.stripe_refund_id
),

linked_sums as (
    select
        stripe_refund_id,
        sum(amount_minor) as linked_minor
    from filled
    group by stripe_refund_id
),

-- what no credit note links has no memo to be applied to
unlinked as (
    select
        refunds.stripe_refund_id,
        cast(null as {{ text() }}) as stripe_credit_note_id,
        cast(refunds.amount_minor - coalesce(linked_sums.linked_minor, 0) as bigint) as amount_minor,
        lower(refunds.currency) as currency,
        {{ accounting_date('refunds.created_at') }} as refund_date,
        'match_by_hand' as representation,
        payouts.stripe_payout_id,
        cast(null as {{ text() }}) as netsuite_account_id,
        cast(null as {{ text() }}) as netsuite_internal_id
    from {{ ref('parsed_stripe__refunds') }} as refunds
    left join linked_sums on refunds.stripe_refund_id = linked_sums.stripe_refund_id
    left join payouts on refunds.stripe_refund_id = payouts.stripe_refund_id
    where refunds.amount_minor > coalesce(linked_sums.linked_minor, 0)
),

refund_rows as (
    select * from linked
    union all
    select * from unlinked
),

final as (
    select
        refund_rows.*,
        currencies.stripe_exponent as currency_decimals
    from refund_rows
    left join {{ ref('reference_currencies') }} as currencies on refund_rows.currency = currencies.currency
)

select * from final
