select
    netsuite_external_id as external_id,
    application_type,
    target_external_id,
    amount_minor,
    amount,
    state,
    reason,
    target_netsuite_id,
    netsuite_memo_id,
    detail,
    document_id
from {{ ref('outcomes_memo_applications') }} as applications
