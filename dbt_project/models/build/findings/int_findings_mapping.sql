-- Missing rows of mapping files (rules L1, L5, L8, R1, G2), and receivables accounts that one refund cannot mix (C4).
{{ config(materialized='replaced_view') }}

{#- L5, L8: the columns of tax_map.csv that the settings need -#}
{%- set tax_columns = ['netsuite_tax_code_id'] if var('line_amount_basis') == 'gross'
    else ['netsuite_tax_code_id', 'netsuite_tax_type_id'] if var('tax_strategy') == 'suitetax_override'
    else ['netsuite_item_id'] %}

with

-- G2: these get no memo, so their lines need no mapping
without_memo as (
    select document_id from {{ ref('int_pre_go_live_credit_notes') }}
),

skipped as (
    select distinct document_id from {{ ref('int_findings_skipped') }}
),

documents as (
    select * from {{ ref('int_credit_documents') }}
),

memo_lines as (
    select * from {{ ref('int_memo_lines') }}
    where document_id not in (select document_id from without_memo)
),

zero_lines as (
    select * from {{ ref('int_zero_invoice_lines') }}
),

taxes as (
    select
        components.document_id,
        components.line_position,
        components.stripe_tax_rate_id,
        tax_codes.netsuite_item_id,
        tax_codes.netsuite_tax_code_id,
        tax_codes.netsuite_tax_type_id
    from {{ ref('int_credit_note_components') }} as components
    left join {{ ref('int_tax_codes') }} as tax_codes on components.stripe_tax_rate_id = tax_codes.stripe_tax_rate_id
    where
        components.component_kind = 'tax'
        and components.amount_minor <> 0
        and components.document_id not in (select document_id from without_memo)
),

accounts as (
    select * from {{ ref('reference_accounts') }}
),

refund_links as (
    select
        links.stripe_refund_id,
        links.credit_note_id,
        documents.currency,
        documents.is_invoice_before_go_live,
        invoices.netsuite_account_id,
        invoices.netsuite_subsidiary_id
    from {{ ref('int_refund_links') }} as links
    inner join documents on links.credit_note_id = documents.document_id
    left join {{ ref('int_netsuite_invoices') }} as invoices on documents.stripe_invoice_id = invoices.stripe_invoice_id
    -- a failed part that was settled out of band, and a refund from before go-live, become no customer refund
    where
        not links.is_out_of_band
        and not links.is_before_go_live
        -- R5: a skipped document takes part in no customer refund
        and links.credit_note_id not in (select document_id from skipped)
),

mixed_refunds as (
    select
        stripe_refund_id
    from refund_links
    where not is_invoice_before_go_live
    group by stripe_refund_id
    having count(distinct netsuite_account_id) > 1 or count(distinct netsuite_subsidiary_id) > 1
)

select distinct
    document_id,
    'tax_rate_unmapped' as reason,
    'Tax rate ' || case when stripe_tax_rate_id = '' then '(none named by Stripe)' else stripe_tax_rate_id end
    || ' on ' || document_id || ' has no {{ tax_columns | join(" and ") }} in tax_map.csv; add a row for it.' as detail
from taxes
where
    {{ 'false' if var('tax_strategy') == 'none' else tax_columns | join(' is null or ') ~ ' is null' }}
{%- if var('line_amount_basis') == 'gross' %}

union all

select
    document_id,
    'tax_rate_unmapped' as reason,
    'A line of ' || document_id
    || ' has two tax rates, which one gross amount with one tax code cannot show. Book this credit note by hand and '
    || 'skip it, or set line_amount_basis to amount.' as detail
from taxes
group by document_id, line_position
having count(distinct stripe_tax_rate_id) > 1
{%- endif %}

union all

select distinct
    document_id,
    'item_unmapped' as reason,
    'No NetSuite item for '
    || case
        when role is not null then 'role ' || role || ' in default_items.csv, which '
        else
            'price ' || case when stripe_price_id = '' then '(none)' else stripe_price_id end
            || ' in item_map.csv, which '
    end || document_id || ' needs; add a row for it.' as detail
from memo_lines
where netsuite_item_id is null and item_external_id is null and line_kind <> 'tax'

union all

select distinct
    document_id,
    'item_unmapped' as reason,
    'No NetSuite item for price ' || case when stripe_price_id = '' then '(none)' else stripe_price_id end
    || ' in item_map.csv, which ' || document_id || ' needs; add a row for it.' as detail
from zero_lines
where netsuite_item_id is null and item_external_id is null

union all

select distinct
    refund_links.credit_note_id as document_id,
    'account_unmapped' as reason,
    'Refund ' || refund_links.stripe_refund_id || ' in ' || upper(refund_links.currency)
    || ' has no account to be paid from; add a row with purpose refund to account_map.csv.' as detail
from refund_links
left join accounts on refund_links.currency = accounts.currency and accounts.purpose = 'refund'
where
    accounts.netsuite_account_id is null
    {%- if var('pre_go_live_credit_notes') == 'manual' %}
    and not refund_links.is_invoice_before_go_live
    {%- endif %}
{%- if var('pre_go_live_credit_notes') == 'income_account' %}

union all

select distinct
    refund_links.credit_note_id as document_id,
    'account_unmapped' as reason,
    'Refund ' || refund_links.stripe_refund_id
    || ' of an invoice from before go-live has no income account; add a row with purpose pre_go_live_income to '
    || 'account_map.csv.' as detail
from refund_links
left join accounts on refund_links.currency = accounts.currency and accounts.purpose = 'pre_go_live_income'
where refund_links.is_invoice_before_go_live and accounts.netsuite_account_id is null
{%- endif %}
{%- if var('missing_item') == 'create' %}

union all

select distinct
    lines.document_id,
    'account_unmapped' as reason,
    'An item is to be created for price ' || lines.item_external_id
    || ', but account_map.csv has no row with purpose item_income for '
    || upper(documents.currency) || '; add one.' as detail
from (
    select document_id, item_external_id from memo_lines
    union all
    select document_id, item_external_id from zero_lines
) as lines
inner join documents on lines.document_id = documents.document_id
left join accounts on documents.currency = accounts.currency and accounts.purpose = 'item_income'
where lines.item_external_id is not null and accounts.netsuite_account_id is null
{%- endif %}

union all

select distinct
    refund_links.credit_note_id as document_id,
    'account_unmapped' as reason,
    'Refund ' || refund_links.stripe_refund_id
    || ' is linked to credit notes whose NetSuite invoices have different receivables accounts or subsidiaries; '
    || 'NetSuite cannot show that as one customer refund. Book it by hand and skip these credit notes.' as detail
from refund_links
inner join mixed_refunds on refund_links.stripe_refund_id = mixed_refunds.stripe_refund_id
where not refund_links.is_invoice_before_go_live
