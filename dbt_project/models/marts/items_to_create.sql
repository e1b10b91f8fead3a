with

wanted as (
    select
        memo_lines.item_external_id,
        memos.currency
    from {{ ref('credit_memos') }} as memos
    inner join {{ ref('credit_memo_lines') }} as memo_lines on memos.document_id = memo_lines.document_id
    where
        memo_lines.item_external_id is not null
        and memos.state = 'ready'
        -- K2: an adopted memo keeps its lines
        and not coalesce(memos.is_connector, false)

    union all

    select
        zero_lines.item_external_id as item_external_id,
        invoices.currency as currency
    from {{ ref('zero_amount_invoices') }} as invoices
    inner join {{ ref('zero_amount_invoice_lines') }} as zero_lines on invoices.external_id = zero_lines.external_id
    where zero_lines.item_external_id is not null and invoices.state = 'ready'
),

named as (
    select
        prices.stripe_price_id,
        trim({{ sendable_text('products.product_name') }}) as product_name,
        -- an item's name has 60 characters in NetSuite: this leaves room for the price id, ` (` and `)`
        greatest(57 - length(prices.stripe_price_id), 0) as name_length
    from {{ ref('parsed_stripe__prices') }} as prices
    left join {{ ref('parsed_stripe__products') }} as products on prices.stripe_product_id = products.stripe_product_id
),

-- X6
cut_names as (
    select
        stripe_price_id,
        nullif(trim({{ cut_text('product_name', 'name_length') }}), '') as product_name
    from named
),

final as (
    select
        wanted.item_external_id as external_id,
        -- an item's name is unique in NetSuite, a product's in Stripe is not
        coalesce(max(cut_names.product_name) || ' (' || wanted.item_external_id || ')', wanted.item_external_id)
            as item_name,
        min(accounts.netsuite_account_id) as netsuite_income_account_id,
        -- the price may be sold in any of them, now or later, and the item is never changed (P6)
        (
            select {{ texts_joined('id', ',', 'id') }} from {{ ref('parsed_netsuite__subsidiaries') }}
        ) as netsuite_subsidiary_ids
    from wanted
    left join {{ ref('reference_accounts') }} as accounts
        on wanted.currency = accounts.currency and accounts.purpose = 'item_income'
    left join cut_names on wanted.item_external_id = cut_names.stripe_price_id
    left join {{ ref('outcomes_records') }} as records
        on
            wanted.item_external_id = records.external_id
            and records.record_type = 'serviceSaleItem'
            and records.is_posted
    where
        records.external_id is null
        {%- if var('missing_item') != 'create' %}
        -- L1: then no line asks for an item, and posting_plan need not go through all lines to find that out
        and false
        {%- endif %}
    group by wanted.item_external_id
)

select * from final
