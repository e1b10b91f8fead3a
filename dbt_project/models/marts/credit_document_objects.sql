select
    document_id,
    object_type,
    stripe_id,
    stripe_number,
    status,
    currency,
    stripe_exponent as currency_decimals,
    amount_minor,
    amount,
    created_at,
    finalized_at,
    paid_at
from {{ ref('books_credit_document_objects') }}
