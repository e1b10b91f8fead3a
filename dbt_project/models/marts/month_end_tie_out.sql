{{ month_end_tie_out(
    outcomes=ref('credit_outcomes'),
    memos=ref('credit_memos'),
    lines=ref('credit_memo_lines'),
    tax_details=ref('credit_memo_tax_details'),
    applications=ref('credit_memo_applications'),
    refunds=ref('customer_refunds'),
    entries=ref('journal_entries'),
    snapshot=ref('parsed_netsuite__credit_memos'),
) }}
