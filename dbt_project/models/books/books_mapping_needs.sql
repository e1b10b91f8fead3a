{{ books_of(ref('int_mapping_needs'), document='document_id') }}
