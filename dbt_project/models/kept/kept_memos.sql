{{ keep('int_memos') }}
