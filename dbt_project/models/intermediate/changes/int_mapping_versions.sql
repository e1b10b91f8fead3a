-- The mappings the kept line models were derived with; built after them, as int_document_versions.
-- depends_on: {{ ref('int_memo_lines') }}, {{ ref('int_memo_tax_details') }}
select key_type, key_value, mapped_to
from {{ ref('int_mapping_inputs') }}
