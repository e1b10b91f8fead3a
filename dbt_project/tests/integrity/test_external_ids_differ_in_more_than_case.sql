-- Rules X1, X2: no two external ids of ready or posted records are equal ignoring case, over all record types. NetSuite
-- ignores case in external ids, so the second record would be taken for the first.
{%- if is_nobody_in_scope() %}
{{ no_messages() }}
{%- else %}
with

records as (
{%- for record, rows in {
    'credit memo': rows_in_scope('credit_memos', 'document_id'),
    'customer refund': customer_refunds_in_scope(),
    'invoice': rows_in_scope('zero_amount_invoices', 'document_id'),
    'journal entry': rows_in_scope('journal_entries', 'document_id'),
}.items() %}
    select '{{ record }}' as record_name, external_id as external_id
    from {{ rows }} as mart_rows
    where state in ('ready', 'posted')
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

select
    cast(count(*) as varchar) || ' records share the external id ' || lower(external_id) || ' ignoring case: '
    || min(record_name || ' ' || external_id) || ' and ' || max(record_name || ' ' || external_id) || '.' as message
from records
group by lower(external_id)
having count(*) > 1
{%- endif %}
