-- Rules X1, X2: no two external ids of ready or posted records are equal ignoring case, over all record types. NetSuite
-- ignores case in external ids, so the second record would be taken for the first. Records of customers out of scope
-- count as their books have them, before the journal is taken into account.
{%- set verdicts = ref('books_document_verdicts') ~ " where state = 'ready'" %}
{%- set of_ready_documents = 'document_id in (select document_id from ' ~ verdicts ~ ')' %}
with

records_in_scope as (
{%- for record, rows in {
    'credit memo': ref('checked_credit_memos'),
    'customer refund': ref('checked_customer_refunds'),
    'invoice': ref('checked_zero_amount_invoices'),
    'journal entry': ref('checked_journal_entries'),
}.items() %}
    select '{{ record }}' as record_name, external_id as external_id
    from {{ rows }} as mart_rows
    where state in ('ready', 'posted')
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

records as (
    select record_name, external_id from records_in_scope
{%- for record, book, column, is_ready in [
    ('credit memo', ref('books_memos'), 'netsuite_external_id', of_ready_documents),
    ('customer refund', ref('books_customer_refunds'), 'netsuite_external_id', "reason = 'ready'"),
    ('invoice', ref('books_zero_amount_invoices'), 'external_id', of_ready_documents),
    ('journal entry', ref('books_income_journal_entries'), 'external_id', of_ready_documents),
] %}
    union all
    select '{{ record }}' as record_name, {{ column }} as external_id
    from {{ book }} as book
    where
        lower({{ column }}) in (select lower(records_in_scope.external_id) from records_in_scope)
        and not ({{ is_in_scope('customer_key') }})
        and {{ is_ready }}
    {%- endfor %}
)

select
    cast(count(*) as {{ text() }}) || ' records share the external id ' || lower(external_id) || ' ignoring case: '
    || min(record_name || ' ' || external_id) || ' and ' || max(record_name || ' ' || external_id) || '.' as message
from records
group by lower(external_id)
having count(*) > 1
