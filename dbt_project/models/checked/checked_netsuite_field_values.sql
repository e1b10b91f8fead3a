{{ checked_rows('netsuite_field_values', checked=['outcomes_documents']) }}
