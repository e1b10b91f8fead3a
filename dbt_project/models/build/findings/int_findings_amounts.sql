-- Amounts that contradict each other (rules C1, C5, L10).
{{ config(materialized='replaced_view') }}

with

-- G2: these get no memo, so they have no lines
without_memo as (
    select document_id from {{ ref('int_pre_go_live_credit_notes') }} where is_income_account
),

documents as (
    select * from {{ ref('int_credit_documents') }}
),

parts as (
    select * from {{ ref('int_credit_note_parts') }}
),

skipped as (
    select distinct document_id from {{ ref('int_findings_skipped') }}
),

line_sums as (
    select
        document_id,
        sum(amount_minor) - sum(inclusive_minor) as lines_minor
    from {{ ref('int_credit_note_components') }}
    group by document_id
),

-- C5: over the invoice's credit notes that are not skipped, in the order of their creation
running as (
    select
        documents.document_id,
        documents.stripe_invoice_id,
        documents.currency,
        documents.stripe_exponent,
        documents.invoice_total_minor,
        sum(documents.memo_minor) over (
            partition by documents.stripe_invoice_id order by documents.created_at, documents.document_id
            rows between unbounded preceding and current row
        ) as credited_minor
    from documents
    left join skipped on documents.document_id = skipped.document_id
    left join {{ ref('stg_load_netsuite__records') }} as records
        on documents.external_id = records.external_id and records.record_type = 'creditMemo'
    where
        documents.document_type = 'credit_note'
        -- a posted memo counts, whatever was decided later
        and (skipped.document_id is null or coalesce(records.is_posted, false))
)

select
    documents.document_id,
    'parts_do_not_add_up' as reason,
    case
        when parts.memo_minor is null or parts.kept_minor is null
            then
                'Stripe sent credit note ' || documents.document_id
                || ' without an amount that is needed (total, pre-payment, refunds or out of band); read it again '
                || 'with make extract, and if it stays so ask Stripe.'
        else
            'Credit note ' || documents.document_id || ' is '
            || {{ money_text('documents.amount_minor', 'documents.stripe_exponent', 'documents.currency') }}
            || ', of which ' || {{ money_text('parts.memo_minor', 'documents.stripe_exponent', 'documents.currency') }}
            || ' were credited to the invoice, refunded or settled out of band; the rest should be in the customer '
            || 'balance, but its balance transaction '
            || coalesce(parts.customer_balance_transaction_id, '(none)') || ' says '
            || coalesce(
                {{ money_text('-parts.balance_transaction_minor', 'documents.stripe_exponent', 'documents.currency') }},
                'nothing'
            )
            || '. Compare the note in Stripe; skip it by hand if it is booked otherwise.'
    end as detail
from documents
inner join parts on documents.document_id = parts.credit_note_id
where not parts.adds_up

union all

select
    document_id,
    'parts_do_not_add_up' as reason,
    'The Stripe invoice ' || coalesce(stripe_invoice_id, '(none)') || ' of credit note ' || document_id
    || ' was not read from Stripe; run make extract, and check that the key may read invoices.' as detail
from documents
where document_type = 'credit_note' and not is_invoice_known

union all

select
    documents.document_id,
    'lines_do_not_add_up' as reason,
    'The lines, discounts, taxes and shipping of ' || documents.document_id || ' come to '
    || coalesce({{ money_text('line_sums.lines_minor', 'documents.stripe_exponent', 'documents.currency') }}, 'nothing')
    || ', its total is '
    || {{ money_text('documents.amount_minor', 'documents.stripe_exponent', 'documents.currency') }}
    || '. Compare the note in Stripe; skip it by hand and book it yourself if Stripe is right.' as detail
from documents
left join line_sums on documents.document_id = line_sums.document_id
where
    documents.document_type = 'credit_note'
    and coalesce(line_sums.lines_minor <> documents.amount_minor, true)
    and documents.document_id not in (select document_id from without_memo)
{%- if var('line_amount_basis') == 'gross' %}

union all

select
    documents.document_id,
    'lines_do_not_add_up' as reason,
    'A tax of ' || documents.document_id
    || ' belongs to a line without an amount, so no gross amount can carry it. Book this credit note by hand and skip '
    || 'it.' as detail
from documents
inner join (
    select document_id, sum(net_minor) as lines_minor
    from {{ ref('int_credit_note_net_components') }}
    group by document_id
) as gross_sums on documents.document_id = gross_sums.document_id
inner join line_sums on documents.document_id = line_sums.document_id
where gross_sums.lines_minor <> line_sums.lines_minor
{%- endif %}
{%- if var('tax_strategy') == 'suitetax_override' %}

union all

select distinct
    details.document_id,
    'lines_do_not_add_up' as reason,
    'A tax of ' || details.document_id
    || ' belongs to a line without an amount, so NetSuite has no line to key it to. Book this credit note by hand and '
    || 'skip it.' as detail
from {{ ref('int_memo_tax_details') }} as details
where details.line_number is null
{%- endif %}

union all

select
    document_id,
    'exceeds_invoice_total' as reason,
    'With ' || document_id || ' the credit notes on invoice ' || stripe_invoice_id || ' come to '
    || {{ money_text('credited_minor', 'stripe_exponent', 'currency') }} || ', more than the invoice''s total of '
    || {{ money_text('invoice_total_minor', 'stripe_exponent', 'currency') }}
    || '. Check the notes in Stripe and skip the wrong one by hand.' as detail
from running
where credited_minor > invoice_total_minor
