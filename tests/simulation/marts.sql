-- The marts as the loader sees them, reduced to what it reads: what is wanted lies in tables of schema `wanted`, the views
-- derive states from the load log as the real models do. A row takes part from round `from_round` on; from `until_round` on a
-- person skips it.
create schema marts;
create schema wanted;

create table wanted.world (round integer, built_position bigint);

create table wanted.memos (
    from_round integer, until_round integer, created_at timestamptz, external_id varchar, currency varchar, netsuite_customer_id varchar, netsuite_currency_id varchar,
    netsuite_currency_precision integer, netsuite_subsidiary_id varchar, netsuite_account_id varchar,
    netsuite_posting_period_id varchar, tran_date date, memo_text varchar, amount_minor bigint, amount decimal(22, 3),
    existing_netsuite_id varchar, is_connector boolean, netsuite_external_id varchar
);
create table wanted.applications (
    from_round integer, external_id varchar, application_type varchar, target_external_id varchar, target_netsuite_id varchar,
    amount_minor bigint, amount decimal(22, 3)
);
create table wanted.refunds (
    external_id varchar, linked_amount_minor bigint, currency varchar, netsuite_customer_id varchar, netsuite_currency_id varchar,
    netsuite_currency_precision integer, netsuite_account_id varchar, netsuite_receivables_account_id varchar,
    netsuite_subsidiary_id varchar, netsuite_posting_period_id varchar, tran_date date, memo_text varchar,
    existing_netsuite_id varchar, is_connector boolean
);
create table wanted.zero_invoices (
    from_round integer, external_id varchar, currency varchar, netsuite_customer_id varchar, netsuite_currency_id varchar,
    netsuite_subsidiary_id varchar, netsuite_account_id varchar, netsuite_posting_period_id varchar, tran_date date,
    memo_text varchar, tax_details_override boolean, existing_netsuite_id varchar
);
create table wanted.journals (
    from_round integer, external_id varchar, currency varchar, netsuite_currency_id varchar, netsuite_currency_precision integer,
    netsuite_subsidiary_id varchar, netsuite_posting_period_id varchar, tran_date date, memo_text varchar,
    debit_netsuite_account_id varchar, credit_netsuite_account_id varchar, amount_minor bigint, amount decimal(22, 3)
);
create table marts.items_to_create (
    external_id varchar, item_name varchar, netsuite_income_account_id varchar, netsuite_subsidiary_ids varchar
);
create table marts.credit_memo_lines (
    external_id varchar, document_id varchar generated always as (external_id), line_number integer, netsuite_item_id varchar, item_external_id varchar, description varchar,
    quantity decimal(22, 8), amount decimal(22, 3), is_gross boolean, is_taxable boolean, netsuite_tax_code_id varchar,
    period_start date, period_end date, revenue_start_field varchar, revenue_end_field varchar
);
create table marts.zero_amount_invoice_lines (
    external_id varchar, line_number integer, netsuite_item_id varchar, item_external_id varchar, description varchar,
    quantity decimal(22, 8), is_taxable boolean, netsuite_tax_code_id varchar
);
create table marts.credit_memo_tax_details (
    external_id varchar, document_id varchar generated always as (external_id), line_number integer, detail_number integer, netsuite_tax_code_id varchar, netsuite_tax_type_id varchar,
    amount decimal(22, 3), tax_basis decimal(22, 3), tax_rate_percent decimal(22, 10)
);
create table marts.netsuite_field_values (
    record_type varchar, external_id varchar, line_number integer, netsuite_field varchar, value_type varchar, value varchar
);

create view wanted.records as
select
    record_type,
    external_id,
    arg_max(internal_id, position) filter (where status in ('created', 'adopted')) as internal_id,
    arg_max(status, position) filter (where status in ('verified', 'differs')) as last_check,
    max(position) filter (where status in ('verified', 'differs')) as checked_at,
    arg_max(status, position) filter (where status in ('created', 'adopted', 'applied', 'rejected')) as last_answer,
    max(position) filter (where status in ('created', 'adopted', 'applied', 'rejected')) as answered_at
from load_netsuite.load_log
where coalesce(error_code, '') <> 'NO_EFFECT_SEEN'
group by record_type, external_id;

create view wanted.present as
select distinct
    answer.record_type,
    answer.external_id,
    unnest(from_json(coalesce(attempt.payload, answer.payload), '{"apply": {"items": [{"doc": {"id": "VARCHAR"}}]}}').apply.items).doc.id as doc
from load_netsuite.load_log as answer
left join load_netsuite.load_log as attempt
    on answer.attempt_id = attempt.attempt_id and attempt.status = 'attempted' and answer.status in ('created', 'applied')
where answer.status in ('created', 'applied', 'adopted', 'verified');

create view wanted.judged as
select
    wanted_rows.kind,
    wanted_rows.external_id,
    records.internal_id as netsuite_internal_id,
    case
        when records.internal_id is not null and coalesce(records.last_check = 'differs', false) then 'blocked'
        when records.internal_id is not null then 'posted'
        when wanted_rows.until_round <= world.round then 'skipped'
        when wanted_rows.from_round > world.round then 'waiting'
        when records.last_answer = 'rejected' and records.answered_at > world.built_position then 'blocked'
        when records.last_check = 'differs' and records.checked_at > world.built_position then 'blocked'
        else 'ready'
    end as state
from (
    select 'creditMemo' as kind, from_round, until_round, external_id from wanted.memos
    union all
    select 'invoice', from_round, null, external_id from wanted.zero_invoices
    union all
    select 'journalEntry', from_round, null, external_id from wanted.journals
) as wanted_rows
cross join wanted.world as world
left join wanted.records as records on records.record_type = wanted_rows.kind and records.external_id = wanted_rows.external_id;

create view marts.credit_outcomes as
select
    memos.external_id as document_id,
    'credit_note' as document_type,
    memos.created_at,
    memos.external_id,
    judged.state,
    judged.netsuite_internal_id,
    case when judged.state = 'skipped' then 'skipped_by_hand' end as reason
from wanted.memos as memos
inner join wanted.judged as judged on judged.kind = 'creditMemo' and judged.external_id = memos.external_id;

create view marts.credit_memos as
select
    memos.* exclude (external_id, netsuite_external_id),
    coalesce(memos.netsuite_external_id, memos.external_id) as external_id,
    memos.external_id as document_id,
    false as tax_details_override,
    judged.state,
    judged.netsuite_internal_id
from wanted.memos as memos
inner join wanted.judged as judged on judged.kind = 'creditMemo' and judged.external_id = memos.external_id;

create view marts.credit_memo_applications as
select
    applications.external_id,
    applications.external_id as document_id,
    applications.application_type,
    applications.target_external_id,
    applications.amount_minor,
    applications.amount,
    case when applications.application_type = 'customer_refund' then refunds.internal_id else applications.target_netsuite_id end as target_netsuite_id,
    memos.netsuite_internal_id as netsuite_memo_id,
    case
        when present.doc is not null then 'posted'
        when applications.from_round > world.round then 'waiting'
        when applications.application_type = 'out_of_band' then memos.state
        when memos.state <> 'ready' and memos.netsuite_internal_id is null then memos.state
        when memos.state = 'blocked' then 'blocked'
        when carrier.last_answer = 'rejected' and carrier.answered_at > world.built_position then 'blocked'
        when carrier.last_check = 'differs' and (carrier.internal_id is not null or carrier.checked_at > world.built_position) then 'blocked'
        else 'ready'
    end as state
from wanted.applications as applications
cross join wanted.world as world
inner join wanted.judged as memos on memos.kind = 'creditMemo' and memos.external_id = applications.external_id
left join wanted.records as refunds on refunds.record_type = 'customerRefund' and refunds.external_id = applications.target_external_id
left join wanted.records as carrier
    on carrier.record_type = case when applications.application_type = 'customer_refund' then 'customerRefund' else 'creditMemo' end
    and carrier.external_id = case when applications.application_type = 'customer_refund' then applications.target_external_id else applications.external_id end
left join wanted.present as present
    on present.record_type = case when applications.application_type = 'customer_refund' then 'customerRefund' else 'creditMemo' end
    and present.external_id = case when applications.application_type = 'customer_refund' then applications.target_external_id else applications.external_id end
    and present.doc = case when applications.application_type = 'customer_refund' then memos.netsuite_internal_id else applications.target_netsuite_id end;

create view marts.customer_refunds as
with claims as (
    select
        target_external_id,
        sum(amount_minor) filter (where state in ('ready', 'posted')) as amount_minor,
        sum(amount) filter (where state in ('ready', 'posted')) as amount,
        count(*) filter (where state = 'ready') as ready_count
    from marts.credit_memo_applications
    where application_type = 'customer_refund'
    group by target_external_id
)

select
    refunds.*,
    refunds.external_id as stripe_refund_id,
    cast(claims.amount_minor as bigint) as amount_minor,
    cast(claims.amount as decimal(22, 3)) as amount,
    records.internal_id as netsuite_internal_id,
    case
        when records.internal_id is not null then case when records.last_check = 'differs' then 'blocked' else 'posted' end
        when claims.ready_count > 0 then 'ready'
        else 'waiting'
    end as state
from wanted.refunds as refunds
inner join claims on claims.target_external_id = refunds.external_id
left join wanted.records as records on records.record_type = 'customerRefund' and records.external_id = refunds.external_id;

create view marts.zero_amount_invoices as
select zero_invoices.*, judged.state, judged.netsuite_internal_id
from wanted.zero_invoices as zero_invoices
inner join wanted.judged as judged on judged.kind = 'invoice' and judged.external_id = zero_invoices.external_id;

create view marts.journal_entries as
select journals.*, judged.state, judged.netsuite_internal_id
from wanted.journals as journals
inner join wanted.judged as judged on judged.kind = 'journalEntry' and judged.external_id = journals.external_id;
