select
    document_id,
    part_number,
    part,
    currency,
    stripe_exponent as currency_decimals,
    amount_minor,
    amount,
    becomes,
    external_id,
    target_external_id
from {{ ref('books_credit_document_parts') }}
