{{ books_of(ref('int_pre_go_live_credit_notes'), document='document_id') }}
