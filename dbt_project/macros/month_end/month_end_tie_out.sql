{#-
    Body of mart month_end_tie_out: tall rows, so that each identity is a plain sum over some of them.

    outcomes, lines, tax_details    relations with the columns of the marts credit_outcomes, credit_memo_lines,
                 credit_memo_tax_details
    memos        external_id, document_id, document_type, currency, amount_minor, tran_date, netsuite_account_id,
                 netsuite_internal_id (null = not in NetSuite) of credit memos; may read all_outcomes, which is outcomes
    refunds      external_id, currency, amount_minor (what is posted of it), tran_date, netsuite_account_id,
                 netsuite_receivables_account_id of the customer refunds in NetSuite
    entries      external_id, document_id, currency, amount_minor, tran_date, netsuite_internal_id,
                 debit_netsuite_account_id, credit_netsuite_account_id of journal entries
    snapshot     relation with NetSuite's credit memos: netsuite_transaction_id, transaction_type, currency, tran_date,
                 netsuite_account_id, is_voided, total_amount (major units, negative)
-#}
{% macro month_end_tie_out(outcomes, memos, lines, tax_details, refunds, entries, snapshot) -%}
with

-- each of these is a view over the books and the journal, and is gone through once
all_outcomes as (select * from {{ outcomes }}),

all_memos as (
    {{ memos | trim | indent(4) }}
),

all_entries as (
    {{ entries | trim | indent(4) }}
),

positions as (
    {{ month_end_positions('all_outcomes', 'all_memos', 'all_entries') | indent(4) }}
),

documents as (
    select
        document_id,
        document_type,
        currency,
        {{ accounting_month(accounting_date('created_at')) }} as accounting_month,
        coalesce(amount_minor, 0) as amount_minor
    from all_outcomes
),

posted_memos as (
    select
        memos.external_id,
        memos.document_id,
        memos.document_type,
        memos.currency,
        {{ accounting_month('memos.tran_date') }} as accounting_month,
        memos.netsuite_account_id,
        memos.netsuite_internal_id,
        memos.amount_minor
    from all_memos as memos
    where memos.netsuite_internal_id is not null
),

posted_entries as (
    select
        external_id,
        document_id,
        currency,
        {{ accounting_month('tran_date') }} as accounting_month,
        debit_netsuite_account_id,
        credit_netsuite_account_id,
        amount_minor
    from all_entries
    where netsuite_internal_id is not null
),

all_refunds as (
    {{ refunds | trim | indent(4) }}
),

posted_refunds as (
    select
        external_id,
        currency,
        {{ accounting_month('tran_date') }} as accounting_month,
        netsuite_receivables_account_id,
        netsuite_account_id,
        amount_minor
    from all_refunds
),

netsuite_memos as (
    select
        snapshot.netsuite_transaction_id,
        snapshot.currency,
        {{ accounting_month('snapshot.tran_date') }} as accounting_month,
        snapshot.netsuite_account_id,
        -- NetSuite shows the total of a credit memo as negative; a voided one books nothing
        case
            when snapshot.is_voided then 0
            else cast(-snapshot.total_amount * case currencies.stripe_exponent
                when 0 then 1
                when 2 then 100
                when 3 then 1000
            end as bigint)
        end as amount_minor
    from {{ snapshot }} as snapshot
    left join {{ ref('reference_currencies') }} as currencies on snapshot.currency = currencies.currency
    where snapshot.transaction_type = 'CustCred'
),

compared as (
    select
        memos.*,
        case
            when found.netsuite_transaction_id is null then 'not_in_snapshot'
            when found.accounting_month <> memos.accounting_month then 'dated_otherwise'
            else 'in_snapshot'
        end as position,
        case
            when found.netsuite_transaction_id is null or found.accounting_month <> memos.accounting_month
                then memos.amount_minor
            when found.currency = memos.currency then coalesce(found.amount_minor, 0)
            else 0
        end as found_minor
    from posted_memos as memos
    left join netsuite_memos as found on memos.netsuite_internal_id = found.netsuite_transaction_id
),

rows_of_lines as (
    select
        document_id as counted_id, 'stripe' as line, 'total' as position, accounting_month, currency, document_type,
        cast(null as {{ text() }}) as record_type, cast(null as {{ text() }}) as netsuite_account_id,
        cast(null as {{ text() }}) as netsuite_item_id, amount_minor
    from documents

    union all

    select
        document_id as counted_id, 'became' as line, position, accounting_month, currency, document_type, record_type,
        null as netsuite_account_id, null as netsuite_item_id, amount_minor
    from positions

    union all

    select
        memos.external_id as counted_id, 'dated' as line,
        case
            when memos.accounting_month = documents.accounting_month then 'documents_of_the_month'
            else 'documents_of_other_months'
        end as position,
        memos.accounting_month, memos.currency, memos.document_type, 'creditMemo' as record_type,
        memos.netsuite_account_id, null as netsuite_item_id, memos.amount_minor
    from posted_memos as memos
    inner join documents on memos.document_id = documents.document_id

    union all

    select
        entries.external_id as counted_id, 'dated' as line,
        case
            when entries.accounting_month = documents.accounting_month then 'documents_of_the_month'
            else 'documents_of_other_months'
        end as position,
        entries.accounting_month, entries.currency, documents.document_type, 'journalEntry' as record_type,
        null as netsuite_account_id, null as netsuite_item_id, entries.amount_minor
    from posted_entries as entries
    inner join documents on entries.document_id = documents.document_id

    union all

    select
        external_id as counted_id, 'netsuite' as line, position, accounting_month, currency, document_type,
        'creditMemo' as record_type, netsuite_account_id, null as netsuite_item_id, found_minor as amount_minor
    from compared

    union all

    select
        external_id as counted_id, 'netsuite' as line, 'not_as_posted' as position, accounting_month, currency,
        document_type, 'creditMemo' as record_type, netsuite_account_id, null as netsuite_item_id,
        amount_minor - found_minor as amount_minor
    from compared
    where amount_minor <> found_minor

    union all

    select
        netsuite_memos.netsuite_transaction_id as counted_id, 'not_ours' as line, 'in_snapshot' as position,
        netsuite_memos.accounting_month, netsuite_memos.currency, null as document_type, 'creditMemo' as record_type,
        netsuite_memos.netsuite_account_id, null as netsuite_item_id, netsuite_memos.amount_minor
    from netsuite_memos
    left join posted_memos on netsuite_memos.netsuite_transaction_id = posted_memos.netsuite_internal_id
    where posted_memos.netsuite_internal_id is null

    union all

    select
        external_id as counted_id, 'ledger' as line, 'credit' as position, accounting_month, currency, document_type,
        'creditMemo' as record_type, netsuite_account_id, null as netsuite_item_id, -amount_minor as amount_minor
    from posted_memos

    union all

    select
        memos.external_id as counted_id, 'ledger' as line, 'debit' as position, memos.accounting_month, memos.currency,
        memos.document_type, 'creditMemo' as record_type, null as netsuite_account_id, lines.netsuite_item_id,
        lines.amount_minor
    from posted_memos as memos
    inner join {{ lines }} as lines on memos.document_id = lines.document_id

    union all

    select
        memos.external_id as counted_id, 'ledger' as line, 'debit_tax' as position, memos.accounting_month,
        memos.currency, memos.document_type, 'creditMemo' as record_type, null as netsuite_account_id,
        null as netsuite_item_id, details.amount_minor
    from posted_memos as memos
    inner join {{ tax_details }} as details on memos.document_id = details.document_id

{%- if var('tax_strategy') == 'none' %}

    union all

    -- L8: the taxes that the account computes by itself
    select
        memos.external_id as counted_id, 'ledger' as line, 'debit_tax' as position, memos.accounting_month,
        memos.currency, memos.document_type, 'creditMemo' as record_type, null as netsuite_account_id,
        null as netsuite_item_id, memos.amount_minor - coalesce(line_sums.amount_minor, 0) as amount_minor
    from posted_memos as memos
    left join (
        select document_id, sum(amount_minor) as amount_minor
        from {{ lines }}
        group by document_id
    ) as line_sums on memos.document_id = line_sums.document_id
    where memos.amount_minor <> coalesce(line_sums.amount_minor, 0)
{%- endif %}

    union all

    select
        external_id as counted_id, 'ledger' as line, 'debit' as position, accounting_month, currency,
        null as document_type, 'customerRefund' as record_type, netsuite_receivables_account_id as netsuite_account_id,
        null as netsuite_item_id, amount_minor
    from posted_refunds

    union all

    select
        external_id as counted_id, 'ledger' as line, 'credit' as position, accounting_month, currency,
        null as document_type, 'customerRefund' as record_type, netsuite_account_id, null as netsuite_item_id,
        -amount_minor as amount_minor
    from posted_refunds

    union all

    select
        external_id as counted_id, 'ledger' as line, 'debit' as position, accounting_month, currency,
        'credit_note' as document_type, 'journalEntry' as record_type,
        debit_netsuite_account_id as netsuite_account_id, null as netsuite_item_id, amount_minor
    from posted_entries

    union all

    select
        external_id as counted_id, 'ledger' as line, 'credit' as position, accounting_month, currency,
        'credit_note' as document_type, 'journalEntry' as record_type,
        credit_netsuite_account_id as netsuite_account_id, null as netsuite_item_id, -amount_minor as amount_minor
    from posted_entries

    union all

    select
        memos.external_id as counted_id, 'tax' as line, 'reversed' as position, memos.accounting_month, memos.currency,
        memos.document_type, 'creditMemo' as record_type, null as netsuite_account_id, lines.netsuite_item_id,
        lines.amount_minor
    from posted_memos as memos
    inner join {{ lines }} as lines on memos.document_id = lines.document_id and lines.line_kind = 'tax'

    union all

    select
        memos.external_id as counted_id, 'tax' as line, 'reversed' as position, memos.accounting_month, memos.currency,
        memos.document_type, 'creditMemo' as record_type, null as netsuite_account_id, null as netsuite_item_id,
        details.amount_minor
    from posted_memos as memos
    inner join {{ tax_details }} as details on memos.document_id = details.document_id

    union all

    -- B5: tax inside the credit that a use consumed; nobody reverses it but a person
    select
        memos.external_id as counted_id, 'tax' as line, 'not_reversed' as position, memos.accounting_month,
        memos.currency, memos.document_type, 'creditMemo' as record_type, null as netsuite_account_id,
        null as netsuite_item_id, taxes.tax_not_reversed_minor as amount_minor
    from posted_memos as memos
    inner join {{ ref('books_balance_tax_not_reversed') }} as taxes on memos.document_id = taxes.document_id
    where taxes.tax_not_reversed_minor <> 0
)

select
    rows_of_lines.accounting_month,
    rows_of_lines.currency,
    currencies.stripe_exponent as currency_decimals,
    rows_of_lines.line,
    rows_of_lines.position,
    rows_of_lines.document_type,
    rows_of_lines.record_type,
    rows_of_lines.netsuite_account_id,
    rows_of_lines.netsuite_item_id,
    cast(sum(rows_of_lines.amount_minor) as bigint) as amount_minor,
    count(distinct rows_of_lines.counted_id) as documents,
    runs.read_on as as_of_date
from rows_of_lines
cross join (
    {{ last_read_on() }}
) as runs
left join {{ ref('reference_currencies') }} as currencies on rows_of_lines.currency = currencies.currency
group by
    rows_of_lines.accounting_month,
    rows_of_lines.currency,
    currencies.stripe_exponent,
    rows_of_lines.line,
    rows_of_lines.position,
    rows_of_lines.document_type,
    rows_of_lines.record_type,
    rows_of_lines.netsuite_account_id,
    rows_of_lines.netsuite_item_id,
    runs.read_on
{%- endmacro %}
