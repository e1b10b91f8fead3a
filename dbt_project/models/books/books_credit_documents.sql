{{ books_of(ref('int_credit_documents')) }}
