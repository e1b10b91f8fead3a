{{ checked_rows('netsuite_field_values', reuse=['outcomes_documents']) }}
