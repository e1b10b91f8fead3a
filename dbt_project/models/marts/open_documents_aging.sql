{{ open_documents(ref('credit_outcomes')) }}
