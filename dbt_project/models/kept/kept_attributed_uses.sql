{{ keep('int_attributed_uses') }}
