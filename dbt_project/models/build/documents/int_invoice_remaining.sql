-- Rule C6: documents whose part is more than NetSuite still has open on their invoice, less earlier documents of the
-- same run. One step per document of an invoice, in the order of their creation; a document that does not fit takes
-- nothing.
with recursive

candidates as (
    select
        applications.document_id,
        applications.netsuite_invoice_id,
        applications.stripe_invoice_id,
        applications.currency,
        applications.stripe_exponent,
        applications.amount_minor,
        applications.open_amount,
        case
            when without_room.document_id is not null then 0
            else greatest(applications.amount - applications.applied_amount, 0)
        end as needed_amount,
        findings.document_id is null or coalesce(records.is_posted, false) as is_otherwise_ready,
        row_number() over (
            partition by applications.netsuite_invoice_id order by applications.created_at, applications.document_id
        ) as turn
    from {{ ref('int_invoice_applications') }} as applications
    left join {{ ref('int_document_first_findings') }} as findings on applications.document_id = findings.document_id
    -- K2: nothing is added to these
    left join {{ ref('int_memos_without_room') }} as without_room on applications.document_id = without_room.document_id
    left join {{ ref('stg_load_netsuite__records') }} as records
        on applications.external_id = records.external_id and records.record_type = 'creditMemo'
    left join (
        select distinct external_id from {{ ref('stg_load_netsuite__applications') }} where record_type = 'creditMemo'
    ) as present on applications.external_id = present.external_id
    where
        applications.netsuite_invoice_id is not null
        and applications.stripe_exponent is not null
        -- a posted memo has taken its part, unless its application is not made yet
        and not (coalesce(records.is_posted, false) and present.external_id is not null)
        -- a document that is skipped or waits for Stripe takes nothing from the invoice now
        and (
            findings.document_id is null
            or coalesce(records.is_posted, false)
            or findings.state = 'blocked'
            or findings.reason in ('customer_not_in_netsuite', 'invoice_not_in_netsuite', 'currency_not_in_netsuite')
        )
),

turns as (
    select
        document_id,
        netsuite_invoice_id,
        turn,
        cast(open_amount as decimal(22, 3)) as available_amount,
        needed_amount,
        needed_amount > open_amount as is_too_low,
        cast(open_amount - case
            when is_otherwise_ready and needed_amount <= open_amount then needed_amount else 0
        end as decimal(22, 3)) as left_amount
    from candidates
    where turn = 1

    union all

    select
        candidates.document_id,
        candidates.netsuite_invoice_id,
        candidates.turn,
        turns.left_amount as available_amount,
        candidates.needed_amount,
        candidates.needed_amount > turns.left_amount as is_too_low,
        cast(turns.left_amount - case
            when candidates.is_otherwise_ready and candidates.needed_amount <= turns.left_amount
                then candidates.needed_amount
            else 0
        end as decimal(22, 3)) as left_amount
    from turns
    inner join candidates
        on turns.netsuite_invoice_id = candidates.netsuite_invoice_id and turns.turn + 1 = candidates.turn
)

select
    turns.document_id,
    'invoice_remaining_too_low' as reason,
    'NetSuite invoice ' || turns.netsuite_invoice_id || ' (Stripe ' || candidates.stripe_invoice_id || ') has only '
    || {{ amount_text('turns.available_amount', 'candidates.stripe_exponent', 'candidates.currency') }}
    || ' open, less earlier credits of this run; ' || turns.document_id || ' needs '
    || {{ amount_text('turns.needed_amount', 'candidates.stripe_exponent', 'candidates.currency') }}
    || '. Unapply what was paid or credited there too much in NetSuite, or book the rest by hand and skip it.' as detail
from turns
inner join candidates on turns.document_id = candidates.document_id
where turns.is_too_low
