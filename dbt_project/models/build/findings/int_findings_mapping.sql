-- Missing rows of mapping files (rules L1, L5, L8, R1, G2), and receivables accounts that one refund cannot mix (C4).
{{ config(materialized='replaced_view') }}

with

needs as (
    select * from {{ ref('int_mapping_needs') }}
),

missing as (
    select
        *,
        coalesce(needed, '(none)') as shown
    from needs
    where not is_covered
),

refund_links as (
    select
        needs.stripe_refund_id,
        needs.document_id,
        invoices.netsuite_account_id,
        invoices.netsuite_subsidiary_id
    from needs
    inner join {{ ref('int_credit_documents') }} as documents on needs.document_id = documents.document_id
    left join {{ ref('int_netsuite_invoices') }} as invoices on documents.stripe_invoice_id = invoices.stripe_invoice_id
    where
        needs.mapping_file = 'account_map'
        and needs.needed = 'refund'
        and not documents.is_invoice_before_go_live
),

mixed_refunds as (
    select stripe_refund_id
    from refund_links
    group by stripe_refund_id
    having count(distinct netsuite_account_id) > 1 or count(distinct netsuite_subsidiary_id) > 1
)

select
    document_id,
    'tax_rate_unmapped' as reason,
    'Tax rate ' || coalesce(needed, '(none named by Stripe)')
    || ' on ' || document_id || ' has no {{ tax_map_columns() | join(" and ") }} in tax_map.csv; add a row for it.'
        as detail
from missing
where mapping_file = 'tax_map'
{%- if var('line_amount_basis') == 'gross' %}

union all

select
    document_id,
    'tax_rate_unmapped' as reason,
    'A line of ' || document_id
    || ' has two tax rates, which one gross amount with one tax code cannot show. Book this credit note by hand and '
    || 'skip it, or set line_amount_basis to amount.' as detail
from {{ ref('int_credit_note_components') }}
where
    component_kind = 'tax'
    and amount_minor <> 0
    and document_id not in (
        select without_memo.document_id from {{ ref('int_pre_go_live_credit_notes') }} as without_memo
    )
group by document_id, line_position
having count(distinct stripe_tax_rate_id) > 1
{%- endif %}

union all

select distinct
    document_id,
    case when otherwise = 'item_income' then 'account_unmapped' else 'item_unmapped' end as reason,
    case
        when otherwise = 'item_income'
            then
                'An item is to be created for price ' || shown
                || ', but account_map.csv has no row with purpose item_income for ' || upper(currency) || '; add one.'
        when mapping_file = 'default_items' or otherwise like 'discount_%'
            then
                'No NetSuite item for role ' || coalesce(otherwise, shown)
                || ' in default_items.csv, which ' || document_id || ' needs; add a row for it.'
        else
            'No NetSuite item for price ' || shown
            || ' in item_map.csv, which ' || document_id || ' needs; add a row for it.'
    end as detail
from missing
where
    mapping_file in ('item_map', 'default_items')
    -- B8: which line stands for a use is known once its rows are there
    and document_id not in (
        select uses.document_id from {{ ref('int_balance_uses') }} as uses
        where uses.shown_by = 'arithmetic'
    )

union all

select
    document_id,
    'account_unmapped' as reason,
    case needed
        when 'refund'
            then
                'Refund ' || stripe_refund_id || ' in ' || upper(currency)
                || ' has no account to be paid from; add a row with purpose refund to account_map.csv.'
        when 'pre_go_live_income'
            then
                'Refund ' || stripe_refund_id
                || ' of an invoice from before go-live has no income account; add a row with purpose '
                || 'pre_go_live_income to account_map.csv.'
    end as detail
from missing
where mapping_file = 'account_map'

union all

select distinct
    refund_links.document_id,
    'account_unmapped' as reason,
    'Refund ' || refund_links.stripe_refund_id
    || ' is linked to credit notes whose NetSuite invoices have different receivables accounts or subsidiaries; '
    || 'NetSuite cannot show that as one customer refund. Book it by hand and skip these credit notes.' as detail
from refund_links
inner join mixed_refunds on refund_links.stripe_refund_id = mixed_refunds.stripe_refund_id
