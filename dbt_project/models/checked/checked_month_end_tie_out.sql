{%- set refunds %}
select
    refunds.external_id,
    refunds.currency,
    sum(applications.amount_minor) as amount_minor,
    refunds.tran_date,
    refunds.netsuite_account_id,
    refunds.netsuite_receivables_account_id
from {{ ref('checked_customer_refunds') }} as refunds
inner join {{ ref('checked_credit_memo_applications') }} as applications
    on
        refunds.stripe_refund_id = applications.target_external_id
        and applications.application_type = 'customer_refund'
        and applications.state = 'posted'
where refunds.netsuite_internal_id is not null
group by
    refunds.external_id,
    refunds.currency,
    refunds.tran_date,
    refunds.netsuite_account_id,
    refunds.netsuite_receivables_account_id
{% endset %}

{{ month_end_tie_out(
    outcomes=ref('checked_credit_outcomes'),
    memos='select * from ' ~ ref('checked_credit_memos'),
    lines=ref('checked_credit_memo_lines'),
    tax_details=ref('checked_credit_memo_tax_details'),
    refunds=refunds,
    entries='select * from ' ~ ref('checked_journal_entries'),
    snapshot=ref('stg_netsuite__transactions'),
) }}
