-- Rules O1 and O3 over the verdicts and the journal: a view, true the moment a push ends.
with

verdicts as (
    select * from {{ ref('books_document_verdicts') }} as books
),

-- the NetSuite record that stands for a document; a pre-go-live note posted to income has one journal entry per refund
records as (
    select
        documents.document_id,
        records.is_posted,
        records.netsuite_internal_id,
        records.posted_reason,
        records.is_different,
        records.checked_position,
        records.difference,
        records.is_rejected,
        records.answered_position,
        records.rejection,
        false as is_journal_entry
    from {{ ref('books_credit_documents') }} as documents
    inner join {{ ref('outcomes_records') }} as records
        on
            documents.external_id = records.external_id
            and records.record_type = case documents.document_type
                when 'negative_invoice' then 'invoice'
                when 'credit_note' then 'creditMemo'
                when 'balance_use' then 'creditMemo'
            end
    -- a note that goes by journal entries is judged by them, unless its memo was posted before
    where
        records.is_posted
        or not exists (
            select 1
            from {{ ref('books_income_journal_entries') }} as entries
            where entries.document_id = documents.document_id
        )

    union all

    select
        entries.document_id,
        count(*) = sum(case when records.is_posted then 1 else 0 end) as is_posted,
        min(records.netsuite_internal_id) as netsuite_internal_id,
        case
            when max(case when records.posted_reason = 'created' then 1 else 0 end) = 1 then 'created'
            else 'adopted'
        end as posted_reason,
        max(case when records.is_different then 1 else 0 end) = 1 as is_different,
        max(records.checked_position) as checked_position,
        max(records.difference) as difference,
        max(case when records.is_rejected then 1 else 0 end) = 1 as is_rejected,
        max(records.answered_position) as answered_position,
        max(records.rejection) as rejection,
        true as is_journal_entry
    from {{ ref('books_income_journal_entries') }} as entries
    left join {{ ref('outcomes_records') }} as records
        on entries.external_id = records.external_id and records.record_type = 'journalEntry'
    where
        not exists (
            select 1 from {{ ref('outcomes_records') }} as memos
            where memos.external_id = entries.document_id and memos.record_type = 'creditMemo' and memos.is_posted
        )
    group by entries.document_id
    having count(records.external_id) > 0
),

judged_records as (
    select
        documents.document_id,
        {{ posting_reason_of_record(
            records='records',
            built_position='verdicts.built_position',
            verdict='verdicts.reason',
            has_failed_refund='verdicts.has_failed_refund',
        ) }} as record_reason,
        coalesce(records.is_posted, false) as is_posted,
        records.netsuite_internal_id,
        records.difference,
        records.rejection,
        verdicts.detail as verdict_detail,
        verdicts.failed_refund_detail,
        case
            when documents.document_type = 'negative_invoice' then 'Zero-amount invoice '
            when records.is_journal_entry then 'Journal entry '
            else 'Credit memo '
        end as record_name,
        settlements.refund_difference,
        settlements.application_rejection,
        settlements.failed_netsuite_ids,
        coalesce(settlements.is_out_of_band_unsaid, false) as is_out_of_band_unsaid,
        taxes.tax_not_reversed_minor,
        documents.currency,
        documents.stripe_exponent
    from {{ ref('books_credit_documents') }} as documents
    inner join verdicts on documents.document_id = verdicts.document_id
    left join records on documents.document_id = records.document_id
    left join {{ ref('outcomes_document_settlements') }} as settlements
        on documents.document_id = settlements.document_id
    left join {{ ref('books_balance_tax_not_reversed') }} as taxes on documents.document_id = taxes.document_id
),

-- O3: what NetSuite shows of its applications and customer refunds blocks a posted document too
judged as (
    select
        judged_records.*,
        {{ posting_reason(
            is_posted="record_reason in ('created', 'adopted', 'netsuite_differs') and is_posted",
            posted_reason='record_reason',
            is_different='is_posted and refund_difference is not null',
            is_rejected='false',
            verdict='record_reason',
            is_standing_alone='application_rejection is not null',
        ) }} as reason
    from judged_records
)

select
    judged.document_id,
    reasons.state,
    judged.reason,
    judged.record_reason,
    case
        when judged.reason in ('created', 'adopted')
            then
                judged.record_name || judged.netsuite_internal_id || ' in NetSuite stands for ' || judged.document_id
                || case when judged.reason = 'adopted' then ' (it was there already and agrees).' else '.' end
        when judged.reason = 'ready' then 'The next push posts ' || judged.document_id || ' to NetSuite.'
        when judged.reason = 'netsuite_rejected' and judged.is_posted
            then
                judged.record_name || judged.netsuite_internal_id || ' for ' || judged.document_id
                || ' is in NetSuite, but NetSuite refused to apply it to the invoice: ' || judged.application_rejection
                || ' Correct this in NetSuite; the next run tries again.'
        when judged.reason = 'netsuite_rejected'
            then
                'NetSuite refused ' || judged.document_id || ': ' || coalesce(judged.rejection, 'no reason given')
                || ' Correct this in NetSuite or in the mapping; the next run tries again.'
        when judged.reason = 'netsuite_differs' and judged.difference is not null
            then
                'NetSuite record ' || coalesce(judged.netsuite_internal_id, '(unknown id)')
                || ' does not show what was meant for ' || judged.document_id || ': '
                || judged.difference || ' Correct it in NetSuite.'
        when judged.reason = 'netsuite_differs' and judged.is_posted and judged.refund_difference is not null
            then
                judged.record_name || judged.netsuite_internal_id || ' for ' || judged.document_id
                || ' is in NetSuite. ' || judged.refund_difference || ' Correct it in NetSuite.'
        when judged.reason = 'refund_failed' and judged.is_posted
            then
                judged.record_name || judged.netsuite_internal_id || ' for ' || judged.document_id
                || ' is in NetSuite, but this happened since: '
                || coalesce(judged.failed_refund_detail, 'a refund failed in Stripe.')
                || ' Until then reverse by hand in NetSuite what was booked for that refund: ' || case
                    when judged.failed_netsuite_ids is not null
                        then 'customer refund ' || judged.failed_netsuite_ids || ' and '
                    else ''
                end || lower(substr(judged.record_name, 1, 1)) || substr(judged.record_name, 2)
                || judged.netsuite_internal_id || '.'
        else judged.verdict_detail
    end
    || case
        when judged.is_posted and judged.is_out_of_band_unsaid
            then
                ' A part of it was decided out of band after it was posted, which its text and field do not say; apply '
                || 'that part by hand.'
        else ''
    end
    -- B5: using a balance pays, it does not change what was taxed
    || case
        when judged.tax_not_reversed_minor <> 0 and reasons.state <> 'skipped'
            then
                ' Its credit held '
                || {{ money_text('judged.tax_not_reversed_minor', 'judged.stripe_exponent', 'judged.currency') }}
                || ' of tax that NetSuite does not reverse by this; book it by a journal entry.'
        else ''
    end as detail,
    judged.netsuite_internal_id
from judged
inner join {{ ref('reference_outcome_reasons') }} as reasons on judged.reason = reasons.reason
