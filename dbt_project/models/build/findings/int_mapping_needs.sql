-- What each document needs of the mapping files, whether it is there or not and whatever else holds the document up
-- (rules L1, L5, L6, L8, R1, G2). int_findings_mapping says what is missing; `make mappings` and `make doctor` hold the
-- same rows against the files as they are then.
with

-- G2: these get no memo, so their lines need no mapping
without_memo as (
    select document_id from {{ ref('int_pre_go_live_credit_notes') }}
),

documents as (
    select document_id, currency, is_invoice_before_go_live from {{ ref('int_credit_documents') }}
),

accounts as (
    select * from {{ ref('reference_accounts') }}
),

lines as (
    select
        document_id,
        role,
        stripe_coupon_id,
        case when role is null then stripe_price_id end as stripe_price_id,
        case when role is null then stripe_product_id end as stripe_product_id,
        netsuite_item_id,
        item_external_id
    from {{ ref('int_memo_lines') }}
    where line_kind <> 'tax' and document_id not in (select document_id from without_memo)

    union

    select
        document_id,
        cast(null as {{ text() }}) as role,
        cast(null as {{ text() }}) as stripe_coupon_id,
        stripe_price_id,
        stripe_product_id,
        netsuite_item_id,
        item_external_id
    from {{ ref('int_zero_invoice_lines') }}
),

items as (
    select
        lines.document_id,
        case
            when lines.role is null or lines.stripe_coupon_id is not null then 'item_map'
            else 'default_items'
        end as mapping_file,
        nullif(coalesce(lines.stripe_price_id, lines.stripe_coupon_id, lines.role), '') as needed,
        nullif(lines.stripe_product_id, '') as stripe_product_id,
        documents.currency,
        -- what serves where item_map.csv has no row
        case
            when lines.stripe_coupon_id is not null then lines.role
            {%- if var('missing_item') == 'create' %}
            when lines.role is null and lines.stripe_price_id <> '' then 'item_income'
            {%- endif %}
            {%- if var('missing_item') != 'block' %}
            when lines.role is null then 'unallocated_invoice_item'
            {%- endif %}
        end as otherwise,
        coalesce(price_items.is_found_without_row, coupon_items.is_found_without_row, false) as is_found_without_row,
        lines.netsuite_item_id is not null or accounts.netsuite_account_id is not null as is_covered
    from lines
    inner join documents on lines.document_id = documents.document_id
    left join {{ ref('int_price_items') }} as price_items
        on
            lines.stripe_price_id = price_items.stripe_price_id
            and lines.stripe_product_id = price_items.stripe_product_id
    left join {{ ref('int_coupon_items') }} as coupon_items on lines.stripe_coupon_id = coupon_items.stripe_coupon_id
    -- an item that the push creates needs the account that it books to
    left join accounts
        on
            documents.currency = accounts.currency
            and accounts.purpose = 'item_income'
            and lines.item_external_id is not null
),

tax_rates as (
    select distinct
        components.document_id,
        nullif(components.stripe_tax_rate_id, '') as needed,
        tax_codes.{{ tax_map_columns() | join(' is not null and tax_codes.') }} is not null as is_covered
    from {{ ref('int_credit_note_components') }} as components
    left join {{ ref('int_tax_codes') }} as tax_codes on components.stripe_tax_rate_id = tax_codes.stripe_tax_rate_id
    where
        components.component_kind = 'tax'
        and components.amount_minor <> 0
        and components.document_id not in (select document_id from without_memo)
    {%- if var('tax_strategy') == 'none' %}
        and false
    {%- endif %}
),

refund_links as (
    select
        links.stripe_refund_id,
        links.credit_note_id,
        documents.currency,
        documents.is_invoice_before_go_live
    from {{ ref('int_refund_links') }} as links
    inner join documents on links.credit_note_id = documents.document_id
    -- a failed part that was settled out of band, and a refund from before go-live, become no customer refund
    where
        not links.is_out_of_band
        and not links.is_before_go_live
        -- R5: a skipped document takes part in no customer refund
        and links.credit_note_id not in (select skipped.document_id from {{ ref('int_findings_skipped') }} as skipped)
),

purposes as (
    select refund_links.*, 'refund' as purpose from refund_links
    {%- if var('pre_go_live_credit_notes') == 'manual' %}
    where not is_invoice_before_go_live
    {%- else %}
    union all
    select refund_links.*, 'pre_go_live_income' as purpose from refund_links where is_invoice_before_go_live
    {%- endif %}
)

select
    document_id,
    mapping_file,
    needed,
    stripe_product_id,
    cast(null as {{ text() }}) as stripe_refund_id,
    currency,
    otherwise,
    is_found_without_row,
    is_covered
from items

union all

select
    tax_rates.document_id,
    'tax_map' as mapping_file,
    tax_rates.needed,
    cast(null as {{ text() }}) as stripe_product_id,
    cast(null as {{ text() }}) as stripe_refund_id,
    documents.currency,
    cast(null as {{ text() }}) as otherwise,
    false as is_found_without_row,
    tax_rates.is_covered
from tax_rates
inner join documents on tax_rates.document_id = documents.document_id

union all

select
    purposes.credit_note_id as document_id,
    'account_map' as mapping_file,
    purposes.purpose as needed,
    cast(null as {{ text() }}) as stripe_product_id,
    purposes.stripe_refund_id,
    purposes.currency,
    cast(null as {{ text() }}) as otherwise,
    false as is_found_without_row,
    accounts.netsuite_account_id is not null as is_covered
from purposes
left join accounts on purposes.currency = accounts.currency and purposes.purpose = accounts.purpose
