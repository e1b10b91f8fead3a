{{ month_end_tie_out(
    outcomes=ref('checked_credit_outcomes'),
    memos=ref('checked_credit_memos'),
    lines=ref('checked_credit_memo_lines'),
    tax_details=ref('checked_credit_memo_tax_details'),
    applications=ref('checked_credit_memo_applications'),
    refunds=ref('checked_customer_refunds'),
    entries=ref('checked_journal_entries'),
    snapshot=ref('stg_netsuite__transactions'),
) }}
