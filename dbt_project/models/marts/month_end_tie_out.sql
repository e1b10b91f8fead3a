{#- From the books and the journal: each of the marts would go through the outcomes of all documents once more. -#}
{%- set memos %}
select
    memos.netsuite_external_id as external_id,
    memos.document_id,
    memos.document_type,
    memos.currency,
    memos.amount_minor,
    coalesce(posted_values.tran_date, memos.tran_date) as tran_date,
    memos.netsuite_account_id,
    outcomes.netsuite_internal_id
from {{ ref('books_memos') }} as memos
inner join all_outcomes as outcomes on memos.document_id = outcomes.document_id
left join {{ ref('outcomes_posted_values') }} as posted_values
    on memos.external_id = posted_values.external_id and posted_values.record_type = 'creditMemo'
{% endset %}

{%- set entries %}
select
    entries.external_id,
    entries.document_id,
    entries.currency,
    entries.amount_minor,
    entries.tran_date,
    records.netsuite_internal_id,
    entries.debit_netsuite_account_id,
    entries.credit_netsuite_account_id
from {{ ref('books_income_journal_entries') }} as entries
left join {{ ref('outcomes_records') }} as records
    on entries.external_id = records.external_id and records.record_type = 'journalEntry'
{% endset %}

{#- R3: a customer refund is for the memos that the journal shows it applied to -#}
{%- set refunds %}
select
    refunds.netsuite_external_id as external_id,
    refunds.currency,
    sum(applications.amount_minor) as amount_minor,
    coalesce(posted_values.tran_date, refunds.tran_date) as tran_date,
    refunds.netsuite_account_id,
    refunds.netsuite_receivables_account_id
from {{ ref('books_customer_refunds') }} as refunds
inner join {{ ref('outcomes_applications') }} as made
    on refunds.stripe_refund_id = made.external_id and made.record_type = 'customerRefund'
inner join all_memos as memos on made.target_netsuite_id = memos.netsuite_internal_id
inner join {{ ref('books_memo_applications') }} as applications
    on
        memos.document_id = applications.document_id
        and refunds.stripe_refund_id = applications.target_external_id
        and applications.application_type = 'customer_refund'
left join {{ ref('outcomes_posted_values') }} as posted_values
    on refunds.stripe_refund_id = posted_values.external_id and posted_values.record_type = 'customerRefund'
group by
    refunds.netsuite_external_id,
    refunds.currency,
    coalesce(posted_values.tran_date, refunds.tran_date),
    refunds.netsuite_account_id,
    refunds.netsuite_receivables_account_id
{% endset %}

{{ month_end_tie_out(
    outcomes=ref('credit_outcomes'),
    memos=memos,
    lines=ref('credit_memo_lines'),
    tax_details=ref('credit_memo_tax_details'),
    refunds=refunds,
    entries=entries,
    snapshot=ref('parsed_netsuite__credit_memos'),
) }}
