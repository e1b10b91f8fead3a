-- Documents that rest on an object of Stripe whose state nobody can tell: its status is none that this project knows
-- (rule O5), or Stripe does not show it any more (rule I3).
{{ config(materialized='replaced_view') }}

with

documents as (
    select * from {{ ref('int_credit_documents') }}
),

-- what a document rests on; a draft counts as open (O5)
rests_on as (
    select
        credit_note_id as document_id,
        'Credit note ' as object_name,
        credit_note_id as stripe_id,
        credit_note_status as object_status,
        coalesce(credit_note_status in ('issued', 'void'), false) as is_status_known
    from {{ ref('stg_stripe__credit_notes') }}

    union all

    select
        document_id,
        'Invoice ' as object_name,
        stripe_invoice_id as stripe_id,
        invoice_status as object_status,
        -- an invoice that was not landed is no matter of its status
        not is_invoice_known
        or coalesce(invoice_status in ('draft', 'open', 'paid', 'uncollectible', 'void'), false) as is_status_known
    from documents

    union all

    -- R2 judges the status of a refund
    select
        credit_note_id as document_id,
        'Refund ' as object_name,
        stripe_refund_id as stripe_id,
        refund_status as object_status,
        true as is_status_known
    from {{ ref('int_refund_links') }}
)

select
    document_id,
    'stripe_status_unknown' as reason,
    object_name || stripe_id || ' has '
    || coalesce('the status ' || object_status || ' in Stripe, which this project does not know', 'no status in Stripe')
    || ', so nothing of ' || document_id || ' is posted. Look up in Stripe what that means; book the document by hand '
    || 'and skip it in manual_decisions.csv, or take a version of this project that knows the status.' as detail
from rests_on
where not is_status_known

union all

select
    rests_on.document_id,
    'gone_from_stripe' as reason,
    rests_on.object_name || rests_on.stripe_id || ' was read from Stripe before and is not found there now, although '
    || 'Stripe never deletes it, so nothing of ' || rests_on.document_id || ' is posted. Check that STRIPE_API_KEY is '
    || 'a key of the right Stripe account; if it is, ask Stripe, then book the document by hand and skip it in '
    || 'manual_decisions.csv.' as detail
from rests_on
inner join {{ ref('stg_stripe__gone_objects') }} as gone_objects on rests_on.stripe_id = gone_objects.stripe_id
