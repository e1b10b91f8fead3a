-- Rules X1, X2: no two external ids of ready or posted records are equal ignoring case, over all record types. NetSuite
-- ignores case in external ids, so the second record would be taken for the first.
with

records as (
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
)

select
    cast(count(*) as varchar) || ' records share the external id ' || lower(external_id) || ' ignoring case: '
    || min(record_name || ' ' || external_id) || ' and ' || max(record_name || ' ' || external_id) || '.' as message
from records
group by lower(external_id)
having count(*) > 1
