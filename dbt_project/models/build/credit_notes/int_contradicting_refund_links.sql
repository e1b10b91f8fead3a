-- Links that contradict the refund (rule R6): in another currency, or more than the refund's amount with the links of
-- earlier notes. Their notes are blocked.
with

skipped as (
    select distinct document_id from {{ ref('int_findings_skipped') }}
),

links as (
    select
        links.stripe_refund_id,
        links.credit_note_id,
        links.linked_minor,
        links.refund_minor,
        links.refund_currency,
        documents.currency,
        documents.stripe_exponent,
        documents.created_at,
        links.refund_currency <> documents.currency as is_other_currency
    from {{ ref('int_refund_links') }} as links
    inner join {{ ref('int_credit_documents') }} as documents on links.credit_note_id = documents.document_id
    inner join {{ ref('stg_stripe__credit_notes') }} as credit_notes
        on links.credit_note_id = credit_notes.credit_note_id
    left join skipped on links.credit_note_id = skipped.document_id
    left join {{ ref('stg_load_netsuite__records') }} as records
        on documents.external_id = records.external_id and records.record_type = 'creditMemo'
    where
        links.is_refund_known
        and credit_notes.credit_note_status = 'issued'
        -- a posted memo counts, whatever was decided later
        and (skipped.document_id is null or coalesce(records.is_posted, false))
),

running as (
    select
        links.*,
        sum(links.linked_minor) over (
            partition by links.stripe_refund_id order by links.created_at, links.credit_note_id
            rows between unbounded preceding and current row
        ) as running_minor
    from links
    where not links.is_other_currency
)

select
    stripe_refund_id,
    credit_note_id,
    'Credit note ' || credit_note_id || ' is in ' || upper(currency) || ', but its refund ' || stripe_refund_id
    || ' is in ' || upper(refund_currency) || '. Compare both in Stripe; book the note by hand and skip it in '
    || 'manual_decisions.csv.' as detail
from links
where is_other_currency

union all

select
    stripe_refund_id,
    credit_note_id,
    'With ' || credit_note_id || ' the credit notes that link refund ' || stripe_refund_id || ' come to '
    || {{ money_text('running_minor', 'stripe_exponent', 'currency') }} || ', more than its amount of '
    || {{ money_text('refund_minor', 'stripe_exponent', 'currency') }}
    || '. Check the notes in Stripe and skip the wrong one in manual_decisions.csv.' as detail
from running
where running_minor > refund_minor
