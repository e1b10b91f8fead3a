-- Every credit document (rule O2): credit notes, uses of balance, negative invoices. Skipped ones are included.
with

credit_notes as (
    select
        credit_notes.credit_note_id as document_id,
        'credit_note' as document_type,
        credit_notes.stripe_customer_id,
        credit_notes.stripe_customer_account_id,
        credit_notes.stripe_invoice_id,
        credit_notes.currency,
        credit_notes.total_minor as amount_minor,
        parts.memo_minor,
        credit_notes.created_at,
        -- G1 counts from the creation; C3 dates the memo by var credit_note_date
        credit_notes.created_at as go_live_at,
        credit_notes.{{ 'effective_at' if var('credit_note_date') == 'effective_at' else 'created_at' }}
            as transaction_at,
        credit_notes.credit_note_id as external_id,
        credit_notes.netsuite_block_integration
    from {{ ref('stg_stripe__credit_notes') }} as credit_notes
    left join {{ ref('int_credit_note_parts') }} as parts on credit_notes.credit_note_id = parts.credit_note_id
),

balance_uses as (
    select
        document_id,
        'balance_use' as document_type,
        stripe_customer_id,
        cast(null as {{ text() }}) as stripe_customer_account_id,
        stripe_invoice_id,
        currency,
        used_minor as amount_minor,
        -- B9: without an invoice there is no memo
        case when stripe_invoice_id is not null then used_minor end as memo_minor,
        first_applied_at as created_at,
        first_applied_at as go_live_at,
        {{ 'first_applied_at' if var('customer_balance_date') == 'applied_at' else 'paid_at' }} as transaction_at,
        document_id as external_id,
        cast(null as {{ text() }}) as netsuite_block_integration
    from {{ ref('int_balance_uses') }}
),

negative_invoices as (
    select
        stripe_invoice_id as document_id,
        'negative_invoice' as document_type,
        stripe_customer_id,
        stripe_customer_account_id,
        stripe_invoice_id,
        currency,
        total_minor as amount_minor,
        cast(null as bigint) as memo_minor,
        finalized_at as created_at,
        finalized_at as go_live_at,
        finalized_at as transaction_at,
        stripe_invoice_id as external_id,
        cast(null as {{ text() }}) as netsuite_block_integration
    from {{ ref('stg_stripe__invoices') }}
    -- finalized: an unknown status counts as such (O5)
    where total_minor < 0 and coalesce(invoice_status, '') <> 'draft'
),

documents as (
    select * from credit_notes
    union all
    select * from balance_uses
    union all
    select * from negative_invoices
),

final as (
    select
        documents.document_id,
        documents.document_type,
        documents.stripe_customer_id,
        coalesce(documents.stripe_customer_account_id, invoices.stripe_customer_account_id)
            as stripe_customer_account_id,
        documents.stripe_invoice_id,
        lower(documents.currency) as currency,
        cast(documents.amount_minor as bigint) as amount_minor,
        cast(documents.memo_minor as bigint) as memo_minor,
        documents.created_at,
        documents.external_id,
        {{ accounting_date('documents.transaction_at') }} as transaction_date,
        coalesce({{ is_before_go_live(accounting_date('documents.go_live_at')) }}, false) as is_before_go_live,
        coalesce({{ is_before_go_live(accounting_date('invoices.finalized_at')) }}, false) as is_invoice_before_go_live,
        lower(coalesce(trim(documents.netsuite_block_integration), '')) not in ('', 'false', '0')
        or lower(coalesce(trim(invoices.netsuite_block_integration), '')) not in ('', 'false', '0')
            as is_blocked_by_metadata,
        invoices.invoice_status,
        invoices.invoice_number,
        invoices.total_minor as invoice_total_minor,
        invoices.stripe_invoice_id is not null as is_invoice_known,
        currencies.stripe_exponent,
        currencies.netsuite_precision,
        currencies.netsuite_currency_id,
        coalesce(currencies.unit_minor, 1) as unit_minor
    from documents
    left join {{ ref('stg_stripe__invoices') }} as invoices on documents.stripe_invoice_id = invoices.stripe_invoice_id
    left join {{ ref('reference_currencies') }} as currencies on lower(documents.currency) = currencies.currency
)

select * from final
