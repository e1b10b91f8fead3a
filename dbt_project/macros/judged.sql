{#-
    What holds back each application and each customer refund, with what the loader has done up to now (rules R1-R5, C6, O3): bodies of the marts of
    these names. The data tests look at the same over what this build derived alone; looking through all that was ever kept would take them longer the
    older the company.

    rows    'books': of all customers; 'int': of the customers in scope
-#}
{% macro judged_applications(rows) %}
with

memos as (
    select * from {{ ref(rows ~ '_memos') }}
),

outcomes as (
    select * from {{ ref('outcomes_documents') if rows == 'books' else rows_in_scope('outcomes_documents', 'document_id') }} as outcome_rows
),

memo_records as (
    select * from {{ ref('outcomes_records') }} where record_type = 'creditMemo'
),

refund_records as (
    select * from {{ ref('outcomes_records') }} where record_type = 'customerRefund'
),

present as (
    select * from {{ ref('outcomes_applications') }}
),

joined as (
    select
        applications.*,
        outcomes.state as document_state,
        outcomes.reason as document_reason,
        outcomes.detail as document_detail,
        coalesce(memo_records.is_posted, false) as is_memo_posted,
        memo_records.netsuite_internal_id as netsuite_memo_id,
        verdicts.built_at,
        refunds.reason as refund_reason,
        refunds.detail as refund_detail,
        coalesce(refunds.is_posted_period_closed, false) as is_posted_period_closed,
        coalesce(refund_records.is_posted, false) as is_refund_posted,
        refund_records.netsuite_internal_id as netsuite_refund_id,
        -- what the record that carries the application answered last: the memo for an invoice, the refund for a refund
        case when applications.application_type = 'customer_refund' then refund_records.is_rejected else memo_records.is_rejected end as is_rejected,
        case when applications.application_type = 'customer_refund' then refund_records.answered_at else memo_records.answered_at end as answered_at,
        case when applications.application_type = 'customer_refund' then refund_records.rejection else memo_records.rejection end as rejection,
        refund_records.is_different as is_refund_different,
        refund_records.checked_at as refund_checked_at,
        refund_records.difference as refund_difference,
        present_on_invoice.external_id is not null or present_on_refund.external_id is not null as is_present
    from {{ ref(rows ~ '_memo_applications') }} as applications
    inner join memos on applications.external_id = memos.external_id
    inner join outcomes on applications.document_id = outcomes.document_id
    inner join {{ ref(rows ~ '_document_verdicts') }} as verdicts on applications.document_id = verdicts.document_id
    left join {{ ref(rows ~ '_customer_refunds') }} as refunds on applications.target_external_id = refunds.stripe_refund_id
    left join memo_records on applications.external_id = memo_records.external_id
    left join refund_records on applications.target_external_id = refund_records.external_id
    -- a memo is applied to one invoice, once, even if the mapping names another invoice since
    left join (
        select distinct external_id from present where record_type = 'creditMemo'
    ) as present_on_invoice
        on applications.application_type = 'invoice' and applications.external_id = present_on_invoice.external_id
    left join present as present_on_refund
        on
            applications.application_type = 'customer_refund'
            and present_on_refund.record_type = 'customerRefund'
            and applications.target_external_id = present_on_refund.external_id
            and memo_records.netsuite_internal_id = present_on_refund.target_netsuite_id
),

judged as (
    select
        joined.*,
        case
            when is_present and is_memo_posted then 'created'
            -- R5: an application shares what holds its memo back
            when not is_memo_posted and document_reason <> 'ready' then document_reason
            -- the part to be applied by hand is there as soon as the memo is
            when application_type = 'out_of_band' then document_reason
            when application_type = 'customer_refund' and refund_reason <> 'ready' then refund_reason
            when application_type = 'customer_refund' and is_refund_posted and is_posted_period_closed then 'period_closed'
            when application_type = 'customer_refund' and is_refund_different and (is_refund_posted or refund_checked_at > built_at) then 'netsuite_differs'
            -- the invoice was there when the memo was posted
            when application_type = 'invoice' and is_memo_posted and target_netsuite_id is null then 'invoice_not_in_netsuite'
            when is_rejected and answered_at > built_at then 'netsuite_rejected'
            -- a document that is posted but blocked (differs, failed refund) gets nothing more
            when is_memo_posted and document_state = 'blocked' then document_reason
            else 'ready'
        end as reason
    from joined
),

final as (
    select
        judged.external_id,
        judged.application_type,
        judged.target_external_id,
        judged.amount_minor,
        judged.amount,
        reasons.state,
        judged.reason,
        case when judged.application_type = 'customer_refund' then judged.netsuite_refund_id else judged.target_netsuite_id end as target_netsuite_id,
        judged.netsuite_memo_id,
        case
            when judged.reason = 'created' then 'Applied in NetSuite.'
            when judged.reason = 'ready' then 'The next push applies it.'
            when judged.reason = 'netsuite_rejected' then 'NetSuite refused it: ' || coalesce(judged.rejection, 'no reason given')
            when judged.reason = 'netsuite_differs' and judged.refund_difference is not null then judged.refund_difference
            when judged.reason = 'period_closed' and judged.is_refund_posted
                then 'Customer refund ' || judged.netsuite_refund_id || ' lies in a period that NetSuite has closed since, so this part cannot be added to it. Open the period, or apply it by hand.'
            when judged.application_type = 'customer_refund' and judged.reason = judged.refund_reason then judged.refund_detail
            when judged.reason = 'invoice_not_in_netsuite' and judged.is_memo_posted
                then 'Credit memo ' || judged.netsuite_memo_id || ' is in NetSuite, but the invoice of Stripe ' || judged.target_external_id
                    || ' is not found there any more, so it cannot be applied. Put back the invoice''s external id, or add a row to invoice_map.csv.'
            else judged.document_detail
        end as detail
    from judged
    inner join {{ ref('reference_outcome_reasons') }} as reasons on judged.reason = reasons.reason
)

select * from final
{% endmacro %}

{#- The applications of the same rows are `credit_memo_applications`: the mart, or for 'int' a common table expression of that name around this. -#}
{% macro judged_refunds(rows) %}
with

refunds as (
    select * from {{ ref(rows ~ '_customer_refunds') }}
),

records as (
    select * from {{ ref('outcomes_records') }} where record_type = 'customerRefund'
),

posted_values as (
    select * from {{ ref('outcomes_posted_values') }} where record_type = 'customerRefund'
),

applications as (
    select
        target_external_id,
        sum(case when state in ('ready', 'posted') then amount_minor else 0 end) as amount_minor,
        sum(case when state = 'ready' then 1 else 0 end) as ready_count,
        min(case when state not in ('ready', 'posted') then reason end) as other_reason,
        min(case when state not in ('ready', 'posted') then detail end) as other_detail
    from {{ ref('credit_memo_applications') if rows == 'books' else 'credit_memo_applications' }}
    where application_type = 'customer_refund'
    group by target_external_id
),

judged as (
    select
        refunds.*,
        records.netsuite_internal_id,
        records.rejection,
        records.difference,
        coalesce(posted_values.tran_date, refunds.tran_date) as shown_tran_date,
        coalesce(posted_values.memo_text, refunds.memo_text) as shown_memo_text,
        cast(applications.amount_minor as bigint) as amount_minor,
        applications.other_detail,
        case
            when coalesce(records.is_posted, false) and refunds.reason = 'refund_failed' then 'refund_failed'
            when coalesce(records.is_posted, false) and records.is_different then 'netsuite_differs'
            when coalesce(records.is_posted, false) then records.posted_reason
            when refunds.reason <> 'ready' then refunds.reason
            when applications.ready_count > 0 then 'ready'
            else applications.other_reason
        end as shown_reason
    from refunds
    inner join applications on refunds.stripe_refund_id = applications.target_external_id
    left join records on refunds.stripe_refund_id = records.external_id
    left join posted_values on refunds.stripe_refund_id = posted_values.external_id
),

final as (
    select
        judged.stripe_refund_id as external_id,
        judged.stripe_refund_id,
        judged.netsuite_customer_id,
        judged.currency,
        judged.netsuite_currency_id,
        judged.netsuite_precision as netsuite_currency_precision,
        judged.netsuite_account_id,
        judged.netsuite_receivables_account_id,
        judged.netsuite_subsidiary_id,
        judged.netsuite_posting_period_id,
        judged.shown_tran_date as tran_date,
        judged.shown_memo_text as memo_text,
        judged.amount_minor,
        {{ major_units('judged.amount_minor', 'judged.stripe_exponent') }} as amount,
        judged.linked_minor as linked_amount_minor,
        reasons.state,
        judged.shown_reason as reason,
        case
            when judged.shown_reason in ('created', 'adopted') then 'Customer refund ' || judged.netsuite_internal_id || ' in NetSuite.'
            when judged.shown_reason = 'ready' then 'The next push posts it.'
            when judged.shown_reason = 'netsuite_differs' and judged.difference is not null then judged.difference
            when judged.shown_reason = 'refund_failed' and judged.netsuite_internal_id is not null
                then 'Reverse customer refund ' || judged.netsuite_internal_id || ' in NetSuite by hand: ' || judged.detail
            when judged.reason <> 'ready' then judged.detail
            else judged.other_detail
        end as detail,
        judged.netsuite_internal_id
    from judged
    inner join {{ ref('reference_outcome_reasons') }} as reasons on judged.shown_reason = reasons.reason
)

select * from final
{% endmacro %}

{#- Body of the mart credit_memo_lines. A data test gives it the lines in scope alone: there are too many to go through all in every build. -#}
{% macro valued_memo_lines(lines) %}
with

final as (
    select
        memos.external_id,
        memo_lines.line_number,
        memo_lines.line_kind,
        memo_lines.stripe_line_id,
        memo_lines.netsuite_item_id,
        memo_lines.description,
        memo_lines.quantity,
        memo_lines.amount_minor,
        {{ major_units('memo_lines.amount_minor', 'memos.stripe_exponent') }} as amount,
        memo_lines.period_start,
        memo_lines.period_end,
        memo_lines.stripe_tax_rate_id,
        memo_lines.item_external_id,
        memo_lines.is_gross,
        memo_lines.is_taxable,
        memo_lines.netsuite_tax_code_id,
        {{ var_text('revenue_start_field') }} as revenue_start_field,
        {{ var_text('revenue_end_field') }} as revenue_end_field
    from {{ ref('books_memos') }} as memos
    inner join {{ lines }} as memo_lines on memos.document_id = memo_lines.document_id
)

select * from final
{% endmacro %}
