select
    ---------- ids
    stripe_customer_id,
    metadata_netsuite_customer_id,

    ---------- state
    is_deleted,
    default_currency,

    ---------- amounts (minor units; negative = credit)
    balance_minor
from {{ ref('parsed_stripe__customers') }}
where {{ is_in_scope('stripe_customer_id') }}
