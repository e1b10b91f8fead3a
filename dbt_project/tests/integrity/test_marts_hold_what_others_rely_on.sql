-- What the loader and accountants rely on, in one pass over the marts, which are views:
--   O1, X1, L1   the key of each mart names one row, and so does that of what is kept behind the marts with a history
--   O1      every state and reason is of the closed list, the reason of that state, with a sentence that explains it; kinds are of their lists too
--   C3, N1, R1, G2, X4   a ready record has what its request needs (a null receivables account lets NetSuite choose; only OneWorld has subsidiaries)
--   X3      amount is amount_minor in the major unit, exactly, and NetSuite can show the amounts of ready records
--   X2      no two external ids of ready or posted records are equal ignoring case, over all record types
--   C5      memos posted or to be posted for the credit notes of an invoice are not more than its total
--   R1, R3  an application's customer refund is there, and is not more than credit notes link of it
with

credit_memo_lines as materialized (
    {{ valued_memo_lines(rows_in_scope('books_memo_lines', 'document_id')) }}
),

credit_outcomes as materialized (
    select * from {{ rows_in_scope('credit_outcomes', 'document_id') }}
),

credit_memos as materialized (
    select * from {{ rows_in_scope('credit_memos', 'document_id') }}
),

credit_memo_applications as materialized (
    {{ judged_applications('int') }}
),

customer_refunds as materialized (
    {{ judged_refunds('int') }}
),

zero_amount_invoices as materialized (
    select * from {{ rows_in_scope('zero_amount_invoices', 'document_id') }}
),

journal_entries as materialized (
    select * from {{ rows_in_scope('journal_entries', 'document_id') }}
),

keys as (
{%- for mart, relation, key in [
    ('credit_outcomes', 'credit_outcomes', ['document_id']),
    ('credit_memos', 'credit_memos', ['external_id']),
    ('credit_memo_lines', 'credit_memo_lines', ['external_id', 'line_number']),
    ('credit_memo_tax_details', rows_in_scope('credit_memo_tax_details'), ['external_id', 'detail_number']),
    ('credit_memo_applications', 'credit_memo_applications', ['external_id', 'application_type', 'target_external_id']),
    ('customer_refunds', 'customer_refunds', ['external_id']),
    ('zero_amount_invoices', 'zero_amount_invoices', ['external_id']),
    ('zero_amount_invoice_lines', rows_in_scope('zero_amount_invoice_lines'), ['external_id', 'line_number']),
    ('journal_entries', 'journal_entries', ['external_id']),
    ('books_memo_applications', rows_in_scope('books_memo_applications', 'document_id'), ['document_id', 'application_type', 'target_external_id']),
    ('books_customer_refunds', rows_in_scope('books_customer_refunds', 'stripe_refund_id'), ['stripe_refund_id']),
    ('books_refund_links', rows_in_scope('books_refund_links', 'stripe_refund_id'), ['stripe_refund_id', 'credit_note_id']),
    ('books_balance_checks', rows_in_scope('books_balance_checks', 'stripe_customer_id'), ['stripe_customer_id', 'currency']),
] %}
    select
        '{{ mart }}' as mart,
        {% for column in key %}{% if not loop.first %} || ' ' || {% endif %}coalesce(cast({{ column }} as varchar), '(none)'){% endfor %} as key_value
    from {{ relation }} as key_rows
    {% if not loop.last %}union all{% endif %}
{%- endfor %}
{%- if var('missing_item') == 'create' %}
    union all
    select 'items_to_create', external_id from {{ ref('items_to_create') }}
{%- endif %}
),

judged as (
{%- for mart, key in [
    ('credit_outcomes', 'document_id'), ('credit_memos', 'external_id'), ('credit_memo_applications', 'external_id'),
    ('customer_refunds', 'external_id'), ('zero_amount_invoices', 'external_id'), ('journal_entries', 'external_id'),
] %}
    select '{{ mart }}' as mart, {{ key }} as row_id, state, reason, detail from {{ mart }}
    {% if not loop.last %}union all{% endif %}
{%- endfor %}
),

kinds as (
    select 'document_type' as column_name, document_id as row_id, document_type as kind from credit_outcomes
    union all
    select 'line_kind', external_id, line_kind from credit_memo_lines
    union all
    select 'application_type', external_id, application_type from credit_memo_applications
    union all
    select 'value_type', external_id, value_type from {{ rows_in_scope('netsuite_field_values') }} as field_values
),

closed_kinds as (
{%- for column, names in {
    'document_type': ['credit_note', 'balance_use', 'negative_invoice'],
    'line_kind': ['item', 'custom', 'whole_note', 'discount', 'billing_credit', 'tax', 'shipping', 'balance'],
    'application_type': ['invoice', 'customer_refund', 'out_of_band'],
    'value_type': ['text', 'number', 'date', 'reference', 'boolean'],
}.items() %}
    {%- set outer_last = loop.last %}
    {%- for name in names %}
    select '{{ column }}' as column_name, '{{ name }}' as kind
    {% if not (outer_last and loop.last) %}union all{% endif %}
    {%- endfor %}
{%- endfor %}
),

missing as (
{%- for mart, needed in [
    ('credit_memos', ['netsuite_customer_id', 'netsuite_invoice_id', 'netsuite_currency_id', 'netsuite_posting_period_id', 'tran_date', 'memo_text', 'amount']),
    ('customer_refunds', ['netsuite_customer_id', 'netsuite_currency_id', 'netsuite_posting_period_id', 'netsuite_account_id', 'tran_date', 'memo_text', 'amount']),
    ('zero_amount_invoices', ['netsuite_customer_id', 'netsuite_currency_id', 'netsuite_posting_period_id', 'tran_date', 'memo_text']),
    ('journal_entries', ['netsuite_currency_id', 'netsuite_posting_period_id', 'tran_date', 'memo_text', 'debit_netsuite_account_id', 'credit_netsuite_account_id', 'amount']),
    ('credit_memo_applications', ['amount']),
] %}
    select
        '{{ mart }}' as mart,
        external_id,
        {%- for column in needed %}
        case when {{ column }} is null then ' {{ column }}' else '' end ||
        {%- endfor %}
        {% if 'amount' in needed %}case when amount_minor <= 0 or amount <= 0 then ' a positive amount' else '' end{% else %}''{% endif %} as missing_columns
    from {{ mart }}
    -- what is in NetSuite already, and is adopted, needs no period any more
    where state = 'ready'{% if mart == 'zero_amount_invoices' %} and existing_netsuite_id is null{% endif %}
    {% if not loop.last %}union all{% endif %}
{%- endfor %}
),

line_counts as (
    select
        external_id,
        count(*) as line_count,
        sum(case when netsuite_item_id is null and item_external_id is null then 1 else 0 end) as itemless_lines
    from credit_memo_lines
    group by external_id
),

amounts as (
    select 'credit_memos' as mart, external_id, amount_minor, amount, currency, state from credit_memos
    union all
    select 'customer_refunds', external_id, amount_minor, amount, currency, state from customer_refunds
    union all
    select 'journal_entries', external_id, amount_minor, amount, currency, state from journal_entries
{%- for mart in ['credit_memo_applications', 'credit_memo_lines', 'credit_memo_tax_details'] %}
    union all
    select '{{ mart }}', child.external_id, child.amount_minor, child.amount, credit_memos.currency, credit_memos.state
    from {{ rows_in_scope(mart) if mart == 'credit_memo_tax_details' else mart }} as child
    inner join credit_memos on child.external_id = credit_memos.external_id
{%- endfor %}
),

records as (
    select 'credit memo' as record, external_id from credit_memos where state in ('ready', 'posted')
    union all
    select 'customer refund', external_id from customer_refunds where state in ('ready', 'posted')
    union all
    select 'invoice', external_id from zero_amount_invoices where state in ('ready', 'posted')
    union all
    select 'journal entry', external_id from journal_entries where state in ('ready', 'posted')
),

note_sums as (
    select
        stripe_invoice_id,
        sum(amount_minor) as memo_minor
    from credit_memos
    where document_type = 'credit_note' and state in ('ready', 'posted')
    group by stripe_invoice_id
)

select judged.mart || ': ' || coalesce(judged.row_id, '(no id)') || ' is ' || coalesce(judged.state, '(no state)') || ', '
    || coalesce(judged.reason, '(no reason)') || case when reasons.reason is null then ', which is not of the closed list.' else ', without an explanation.' end as message
from judged
left join {{ ref('reference_outcome_reasons') }} as reasons on judged.state = reasons.state and judged.reason = reasons.reason
where reasons.reason is null or coalesce(judged.detail, '') = ''

union all

select mart || ': ' || cast(count(*) as varchar) || ' rows have the key ' || key_value || '.'
from keys
group by mart, key_value
having count(*) > 1

union all

select coalesce(kinds.row_id, '(no id)') || ' has ' || kinds.column_name || ' ' || coalesce(kinds.kind, '(none)') || ', which is not of the closed list.'
from kinds
left join closed_kinds on kinds.column_name = closed_kinds.column_name and kinds.kind = closed_kinds.kind
where closed_kinds.kind is null

union all

select mart || ': ' || external_id || ' is ready without' || missing_columns || '.'
from missing
where missing_columns <> ''

union all

select 'credit_memos: ' || credit_memos.external_id || ' is ready with ' || cast(coalesce(line_counts.line_count, 0) as varchar) || ' lines, '
    || cast(coalesce(line_counts.itemless_lines, 0) as varchar) || ' of them without an item.'
from credit_memos
left join line_counts on credit_memos.external_id = line_counts.external_id
where credit_memos.state = 'ready' and (coalesce(line_counts.line_count, 0) = 0 or line_counts.itemless_lines > 0)

union all

select amounts.mart || ': ' || amounts.external_id || ' has ' || coalesce(cast(amounts.amount as varchar), 'no amount') || ' for '
    || coalesce(cast(amounts.amount_minor as varchar), 'no') || ' minor units of ' || upper(amounts.currency)
    || case when amounts.amount_minor % currencies.unit_minor <> 0 then ', which NetSuite cannot show.' else '.' end
from amounts
inner join {{ ref('reference_currencies') }} as currencies on amounts.currency = currencies.currency
where
    coalesce(
        amounts.amount * case currencies.stripe_exponent when 0 then 1 when 2 then 100 when 3 then 1000 end <> amounts.amount_minor,
        amounts.amount is not null or amounts.amount_minor is not null
    )
    or (amounts.state = 'ready' and amounts.amount_minor % currencies.unit_minor <> 0)

union all

select cast(count(*) as varchar) || ' records share the external id ' || lower(external_id) || ' ignoring case: ' || min(record || ' ' || external_id)
    || ' and ' || max(record || ' ' || external_id) || '.'
from records
group by lower(external_id)
having count(*) > 1

union all

select 'The memos of credit notes on invoice ' || note_sums.stripe_invoice_id || ' come to ' || cast(note_sums.memo_minor as varchar)
    || ' minor units, more than its total of ' || coalesce(cast(invoices.total_minor as varchar), '(unknown)') || '.'
from note_sums
left join {{ ref('stg_stripe__invoices') }} as invoices on note_sums.stripe_invoice_id = invoices.stripe_invoice_id
where coalesce(note_sums.memo_minor > invoices.total_minor, true)

union all

select 'Customer refund ' || external_id || ' is ' || cast(amount_minor as varchar) || ' minor units, credit notes link only '
    || cast(linked_amount_minor as varchar) || ' of it.'
from customer_refunds
where amount_minor > linked_amount_minor

union all

select 'Memo ' || applications.external_id || ' is applied to customer refund ' || coalesce(applications.target_external_id, '(none)') || ', which is not there.'
from credit_memo_applications as applications
left join customer_refunds on applications.target_external_id = customer_refunds.external_id
where applications.application_type = 'customer_refund' and customer_refunds.external_id is null
