with

records as (
    select * from {{ ref('outcomes_records') }} where record_type = 'journalEntry'
),

judged as (
    select
        entries.*,
        records.netsuite_internal_id,
        outcomes.detail as document_detail,
        records.rejection,
        records.difference,
        {{ posting_reason_of_record(
            records='records',
            built_position='verdicts.built_position',
            verdict='verdicts.reason',
            otherwise="case when entries.tran_date is null then 'period_closed' else 'ready' end",
        ) }} as reason
    from {{ ref('books_income_journal_entries') }} as entries
    inner join {{ ref('books_document_verdicts') }} as verdicts on entries.document_id = verdicts.document_id
    inner join {{ ref('outcomes_documents') }} as outcomes on entries.document_id = outcomes.document_id
    left join records on entries.external_id = records.external_id
),

final as (
    select
        judged.external_id,
        judged.document_id,
        judged.stripe_refund_id,
        judged.currency,
        judged.netsuite_currency_id,
        judged.netsuite_precision as netsuite_currency_precision,
        judged.netsuite_subsidiary_id,
        judged.netsuite_posting_period_id,
        judged.tran_date,
        judged.memo_text,
        judged.debit_netsuite_account_id,
        judged.credit_netsuite_account_id,
        judged.amount_minor,
        {{ major_units('judged.amount_minor', 'judged.stripe_exponent') }} as amount,
        reasons.state,
        judged.reason,
        case
            when judged.reason in ('created', 'adopted')
                then 'Journal entry ' || judged.netsuite_internal_id || ' in NetSuite.'
            when judged.reason = 'ready' then 'The next push posts ' || judged.external_id || ' to NetSuite.'
            when judged.reason = 'netsuite_rejected'
                then 'NetSuite refused ' || judged.external_id || ': ' || coalesce(judged.rejection, 'no reason given')
            when judged.reason = 'netsuite_differs' then coalesce(judged.difference, judged.document_detail)
            when judged.reason = 'period_closed'
                then 'The period of refund ' || judged.stripe_refund_id || ' is closed in NetSuite. Open it.'
            else judged.document_detail
        end as detail,
        judged.netsuite_internal_id,
        judged.existing_netsuite_id
    from judged
    inner join {{ ref('reference_outcome_reasons') }} as reasons on judged.reason = reasons.reason
)

select * from final
