-- The Stripe lines that a credit note credits: its own, or, for a note without lines over the whole invoice, the
-- invoice's (rule L4). A quantity that is absent or zero is 1 (rule L1).
with

line_counts as (
    select
        credit_note_id,
        count(*) as line_count
    from {{ ref('stg_stripe__credit_note_lines') }}
    group by credit_note_id
),

credit_notes as (
    select
        credit_notes.credit_note_id,
        credit_notes.stripe_invoice_id,
        credit_notes.total_minor,
        credit_notes.shipping_minor,
        case
            when coalesce(line_counts.line_count, 0) > 0 then 'own_lines'
            when credit_notes.total_minor = credit_notes.shipping_minor then 'shipping_only'
            when credit_notes.total_minor = invoices.total_minor then 'invoice_lines'
            else 'whole_note'
        end as lines_from
    from {{ ref('stg_stripe__credit_notes') }} as credit_notes
    left join line_counts on credit_notes.credit_note_id = line_counts.credit_note_id
    left join {{ ref('stg_stripe__invoices') }} as invoices
        on credit_notes.stripe_invoice_id = invoices.stripe_invoice_id
),

final as (
    select
        credit_notes.credit_note_id as document_id,
        credit_notes.lines_from,
        -- the document whose discounts, taxes and shipping belong to the lines
        credit_notes.credit_note_id as amounts_of_document_id,
        note_lines.stripe_line_id,
        note_lines.line_position,
        case when note_lines.stripe_invoice_line_id is null then 'custom' else 'item' end as line_kind,
        -- L1: description of the credit note line, else of the invoice line; L3: a custom line has its own only
        coalesce(nullif(note_lines.description, ''), invoice_lines.description) as description,
        case
            when note_lines.stripe_invoice_line_id is not null then coalesce(nullif(note_lines.quantity, 0), 1)
        end as quantity,
        note_lines.amount_minor,
        note_lines.stripe_invoice_line_id,
        invoice_lines.stripe_price_id,
        invoice_lines.stripe_product_id,
        invoice_lines.period_start_at,
        invoice_lines.period_end_at
    from credit_notes
    inner join {{ ref('stg_stripe__credit_note_lines') }} as note_lines
        on credit_notes.credit_note_id = note_lines.credit_note_id
    left join {{ ref('stg_stripe__invoice_lines') }} as invoice_lines
        on
            credit_notes.stripe_invoice_id = invoice_lines.stripe_invoice_id
            and note_lines.stripe_invoice_line_id = invoice_lines.stripe_line_id
    where credit_notes.lines_from = 'own_lines'

    union all

    select
        credit_notes.credit_note_id as document_id,
        credit_notes.lines_from,
        credit_notes.stripe_invoice_id as amounts_of_document_id,
        invoice_lines.stripe_line_id,
        invoice_lines.line_position,
        'item' as line_kind,
        invoice_lines.description,
        coalesce(nullif(invoice_lines.quantity, 0), 1) as quantity,
        invoice_lines.amount_minor,
        invoice_lines.stripe_line_id as stripe_invoice_line_id,
        invoice_lines.stripe_price_id,
        invoice_lines.stripe_product_id,
        invoice_lines.period_start_at,
        invoice_lines.period_end_at
    from credit_notes
    inner join {{ ref('stg_stripe__invoice_lines') }} as invoice_lines
        on credit_notes.stripe_invoice_id = invoice_lines.stripe_invoice_id
    where credit_notes.lines_from = 'invoice_lines'

    union all

    select
        credit_note_id as document_id,
        lines_from,
        credit_note_id as amounts_of_document_id,
        cast(null as {{ text() }}) as stripe_line_id,
        1 as line_position,
        'whole_note' as line_kind,
        cast(null as {{ text() }}) as description,
        cast(null as decimal(38, 12)) as quantity,
        total_minor - shipping_minor as amount_minor,
        cast(null as {{ text() }}) as stripe_invoice_line_id,
        cast(null as {{ text() }}) as stripe_price_id,
        cast(null as {{ text() }}) as stripe_product_id,
        cast(null as timestamp) as period_start_at,
        cast(null as timestamp) as period_end_at
    from credit_notes
    where lines_from = 'whole_note'

    union all

    -- a row without an amount, so that the shipping of the note finds its document
    select
        credit_note_id as document_id,
        lines_from,
        credit_note_id as amounts_of_document_id,
        cast(null as {{ text() }}) as stripe_line_id,
        0 as line_position,
        'shipping_only' as line_kind,
        cast(null as {{ text() }}) as description,
        cast(null as decimal(38, 12)) as quantity,
        0 as amount_minor,
        cast(null as {{ text() }}) as stripe_invoice_line_id,
        cast(null as {{ text() }}) as stripe_price_id,
        cast(null as {{ text() }}) as stripe_product_id,
        cast(null as timestamp) as period_start_at,
        cast(null as timestamp) as period_end_at
    from credit_notes
    where lines_from = 'shipping_only'
)

select * from final
