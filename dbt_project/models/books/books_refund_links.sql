{{ books_of(ref('int_refund_links'), document='credit_note_id') }}
