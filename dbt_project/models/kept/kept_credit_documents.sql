{{ keep('int_credit_documents') }}
