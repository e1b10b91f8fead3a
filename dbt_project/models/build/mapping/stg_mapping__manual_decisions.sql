-- Rows of manual_decisions.csv about the customers in scope, with trimmed cells; an empty cell is null.
with

concerning as (
    {{ concerning_scope(ref('manual_decisions'), ref('scope_names')) }}
)

select
    {{ cell('document_id') }} as document_id,
    {{ cell('decision') }} as decision,
    {{ cell('note') }} as note
from concerning
