{{ books_of(ref('int_attributed_uses')) }}
