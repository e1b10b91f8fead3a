{{ books_of(ref('int_field_values')) }}
