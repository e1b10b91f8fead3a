{{ open_documents(ref('checked_credit_outcomes')) }}
