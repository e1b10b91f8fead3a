{{ books_of(ref('int_contradicting_refund_links'), document='credit_note_id') }}
