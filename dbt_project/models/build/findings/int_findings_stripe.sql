-- Documents that wait for Stripe: for a payment or the settlement of their invoice (rules C2, B2, N1).
{{ config(materialized='replaced_view') }}

with

documents as (
    select * from {{ ref('int_credit_documents') }}
),

-- B2: payments that moved money through Stripe; a payment record is money from outside Stripe
charges as (
    select
        stripe_invoice_id,
        sum(paid_minor) as charged_minor
    from {{ ref('stg_stripe__invoice_payments') }}
    where payment_status = 'paid' and payment_type in ('charge', 'payment_intent')
    group by stripe_invoice_id
),

remainders as (
    select
        documents.document_id,
        documents.stripe_invoice_id,
        documents.currency,
        documents.stripe_exponent,
        arithmetic.total_minor - arithmetic.pre_payment_minor - arithmetic.carried_minor - documents.amount_minor
            as rest_minor,
        coalesce(charges.charged_minor, 0) as charged_minor,
        -- what is uncollected of an invoice that counts as paid is covered
        case when arithmetic.invoice_status = 'uncollectible' then arithmetic.amount_remaining_minor else 0 end
            as uncollected_minor
    from documents
    inner join {{ ref('int_invoice_arithmetic') }} as arithmetic
        on documents.stripe_invoice_id = arithmetic.stripe_invoice_id
    left join charges on documents.stripe_invoice_id = charges.stripe_invoice_id
    where documents.document_type = 'balance_use' and documents.invoice_status in ('paid', 'uncollectible')
)

select
    document_id,
    'invoice_open' as reason,
    case document_type
        when 'credit_note'
            then
                'Invoice ' || coalesce(stripe_invoice_id, document_id)
                || ' is not paid yet, so the credit note can still be voided; '
                || 'the memo follows when the invoice is paid.'
        when 'balance_use'
            then
                'Invoice ' || coalesce(stripe_invoice_id, document_id)
                || ' is not paid yet; the memo for the balance it used follows when it is.'
        when 'negative_invoice' then 'Invoice ' || document_id || ' is not settled in Stripe yet.'
    end as detail
from documents
where invoice_status in ('open', 'draft')

union all

select
    document_id,
    'invoice_uncollectible' as reason,
    'Invoice ' || coalesce(stripe_invoice_id, document_id)
    || ' is marked uncollectible in Stripe; it goes on when the invoice is paid or voided'
    || case
        when document_type = 'negative_invoice' then '.'
        else ' (or set uncollectible_invoices to as_paid).'
    end as detail
from documents
where
    invoice_status = 'uncollectible'
{%- if var('uncollectible_invoices') == 'as_paid' %}
    and document_type = 'negative_invoice'
{%- endif %}
{%- if var('require_charge_for_remainder') %}

union all

select
    document_id,
    'remaining_charge_missing' as reason,
    'Invoice ' || coalesce(stripe_invoice_id, document_id) || ' is paid, but Stripe shows charges of only '
    || {{ money_text('charged_minor', 'stripe_exponent', 'currency') }} || ' for the '
    || {{ money_text('rest_minor', 'stripe_exponent', 'currency') }} || ' that the balance did not cover.' as detail
from remainders
where rest_minor > 0 and charged_minor + coalesce(uncollected_minor, 0) < rest_minor
{%- endif %}
