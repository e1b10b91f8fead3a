-- A view over the journal: empty once everything is posted.
with

ready_applications as (
    select * from {{ ref('credit_memo_applications') }} where state = 'ready'
),

items as (
    select
        'create' as operation,
        'serviceSaleItem' as record_type,
        external_id as external_id,
        cast(null as {{ text() }}) as document_id,
        cast(null as {{ text() }}) as netsuite_customer_id,
        cast(null as {{ text() }}) as currency,
        cast(0 as bigint) as amount_minor,
        cast(0 as decimal(22, 3)) as amount,
        cast(null as date) as tran_date,
        cast(null as {{ text() }}) as netsuite_posting_period_id,
        netsuite_income_account_id as debit_netsuite_account_id,
        cast(null as {{ text() }}) as credit_netsuite_account_id
    from {{ ref('items_to_create') }}
),

invoices as (
    select
        case when existing_netsuite_id is null then 'create' else 'adopt' end as operation,
        'invoice' as record_type,
        external_id,
        document_id,
        netsuite_customer_id,
        currency,
        cast(0 as bigint) as amount_minor,
        cast(0 as decimal(22, 3)) as amount,
        tran_date,
        netsuite_posting_period_id,
        netsuite_account_id as debit_netsuite_account_id,
        cast(null as {{ text() }}) as credit_netsuite_account_id
    from {{ ref('zero_amount_invoices') }}
    where state = 'ready' and netsuite_internal_id is null
),

memos as (
    select
        case when existing_netsuite_id is null then 'create' else 'adopt' end as operation,
        'creditMemo' as record_type,
        external_id,
        document_id,
        netsuite_customer_id,
        currency,
        amount_minor,
        amount,
        tran_date,
        netsuite_posting_period_id,
        cast(null as {{ text() }}) as debit_netsuite_account_id,
        netsuite_account_id as credit_netsuite_account_id
    from {{ ref('credit_memos') }}
    where state = 'ready' and netsuite_internal_id is null
),

-- R3: a customer refund is for what is ready of it, and grows by what gets ready later
refund_parts as (
    select
        target_external_id as external_id,
        cast(sum(amount_minor) as bigint) as amount_minor,
        cast(sum(amount) as decimal(22, 3)) as amount
    from ready_applications
    where application_type = 'customer_refund'
    group by target_external_id
),

refunds as (
    select
        case
            when refunds.netsuite_internal_id is not null then 'apply'
            when refunds.existing_netsuite_id is not null then 'adopt'
            else 'create'
        end as operation,
        'customerRefund' as record_type,
        refunds.external_id,
        cast(null as {{ text() }}) as document_id,
        refunds.netsuite_customer_id,
        refunds.currency,
        refund_parts.amount_minor,
        refund_parts.amount,
        refunds.tran_date,
        refunds.netsuite_posting_period_id,
        refunds.netsuite_receivables_account_id as debit_netsuite_account_id,
        refunds.netsuite_account_id as credit_netsuite_account_id
    from {{ ref('customer_refunds') }} as refunds
    inner join refund_parts on refunds.stripe_refund_id = refund_parts.external_id
    where refunds.state = 'ready' or refunds.netsuite_internal_id is not null
),

-- a memo that is in NetSuite and is applied to its invoice later books nothing
late_applications as (
    select
        'apply' as operation,
        'creditMemo' as record_type,
        memos.external_id,
        memos.document_id,
        memos.netsuite_customer_id,
        memos.currency,
        cast(sum(applications.amount_minor) as bigint) as amount_minor,
        cast(sum(applications.amount) as decimal(22, 3)) as amount,
        cast(null as date) as tran_date,
        cast(null as {{ text() }}) as netsuite_posting_period_id,
        cast(null as {{ text() }}) as debit_netsuite_account_id,
        cast(null as {{ text() }}) as credit_netsuite_account_id
    from {{ ref('credit_memos') }} as memos
    inner join ready_applications as applications
        on memos.document_id = applications.document_id and applications.application_type = 'invoice'
    where memos.netsuite_internal_id is not null
    group by memos.external_id, memos.document_id, memos.netsuite_customer_id, memos.currency
),

journal_entries as (
    select
        case when existing_netsuite_id is null then 'create' else 'adopt' end as operation,
        'journalEntry' as record_type,
        external_id,
        document_id,
        cast(null as {{ text() }}) as netsuite_customer_id,
        currency,
        amount_minor,
        amount,
        tran_date,
        netsuite_posting_period_id,
        debit_netsuite_account_id,
        credit_netsuite_account_id
    from {{ ref('journal_entries') }}
    where state = 'ready' and netsuite_internal_id is null
),

final as (
    select * from items
    union all
    select * from invoices
    union all
    select * from memos
    union all
    select * from refunds
    union all
    select * from late_applications
    union all
    select * from journal_entries
)

select * from final
