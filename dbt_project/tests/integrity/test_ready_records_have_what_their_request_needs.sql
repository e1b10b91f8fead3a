-- Rules C3, L1, N1, R1, G2, X4: a record that the next push posts has every value that its request to NetSuite needs,
-- and a memo has lines that all name an item. NetSuite would refuse the request, or fill in a default of its own. A
-- null receivables account lets NetSuite choose, and only OneWorld has subsidiaries, so these two may be missing.
with

credit_memos as (
    select * from {{ ref('checked_credit_memos') }} where state = 'ready'
),

missing as (
{%- for mart, rows, needed in [
    ('credit_memos', 'credit_memos', [
        'netsuite_customer_id', 'netsuite_invoice_id', 'netsuite_currency_id', 'netsuite_posting_period_id',
        'tran_date', 'memo_text', 'amount',
    ]),
    ('customer_refunds', ref('checked_customer_refunds'), [
        'netsuite_customer_id', 'netsuite_currency_id', 'netsuite_posting_period_id', 'netsuite_account_id',
        'tran_date', 'memo_text', 'amount',
    ]),
    ('zero_amount_invoices', ref('checked_zero_amount_invoices'), [
        'netsuite_customer_id', 'netsuite_currency_id', 'netsuite_posting_period_id', 'tran_date', 'memo_text',
    ]),
    ('journal_entries', ref('checked_journal_entries'), [
        'netsuite_currency_id', 'netsuite_posting_period_id', 'tran_date', 'memo_text', 'debit_netsuite_account_id',
        'credit_netsuite_account_id', 'amount',
    ]),
    ('credit_memo_applications', ref('checked_credit_memo_applications'), ['amount']),
] %}
    select
        '{{ mart }}' as mart,
        external_id as external_id,
        {%- for column in needed %}
        {#- what is in NetSuite already is adopted and needs no open period #}
        {%- set needs_none = column == 'netsuite_posting_period_id' and mart != 'zero_amount_invoices' %}
        {%- set is_there = 'existing_netsuite_id is not null' if needs_none else 'false' %}
        case when {{ column }} is null and not ({{ is_there }}) then ' {{ column }}' else '' end ||
        {%- endfor %}
        {% if 'amount' in needed -%}
        case when amount_minor <= 0 or amount <= 0 then ' a positive amount' else '' end
        {%- else -%}
        ''
        {%- endif %} as missing_columns
    from {{ rows }} as mart_rows
    -- an invoice that is in NetSuite already is adopted and needs no period
    where state = 'ready'{% if mart == 'zero_amount_invoices' %} and existing_netsuite_id is null{% endif %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

line_counts as (
    select
        document_id,
        count(*) as line_count,
        sum(case when netsuite_item_id is null and item_external_id is null then 1 else 0 end) as itemless_lines
    from {{ ref('checked_credit_memo_lines') }}
    group by document_id
)

select mart || ': ' || external_id || ' is ready without' || missing_columns || '.' as message
from missing
where missing_columns <> ''

union all

select
    'credit_memos: ' || credit_memos.external_id || ' is ready with '
    || cast(coalesce(line_counts.line_count, 0) as {{ text() }}) || ' lines, '
    || cast(coalesce(line_counts.itemless_lines, 0) as {{ text() }}) || ' of them without an item.' as message
from credit_memos
left join line_counts on credit_memos.document_id = line_counts.document_id
where coalesce(line_counts.line_count, 0) = 0 or line_counts.itemless_lines > 0
