-- What the kept line models were derived from. Built after them, so that a build that breaks on the way is made up for by the next.
-- depends_on: {{ ref('int_memo_lines') }}, {{ ref('int_memo_tax_details') }}, {{ ref('int_credit_note_net_components') }}
select document_id, fingerprint
from {{ ref('int_document_inputs') }}
