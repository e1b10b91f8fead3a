{{ keep('int_field_values') }}
