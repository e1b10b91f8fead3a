with

wanted as (
    select
        memo_lines.item_external_id,
        memos.currency
    from {{ ref('credit_memos') }} as memos
    inner join {{ ref('credit_memo_lines') }} as memo_lines on memos.external_id = memo_lines.external_id
    where memo_lines.item_external_id is not null and memos.state = 'ready'

    union all

    select
        zero_lines.item_external_id as item_external_id,
        invoices.currency as currency
    from {{ ref('zero_amount_invoices') }} as invoices
    inner join {{ ref('zero_amount_invoice_lines') }} as zero_lines on invoices.external_id = zero_lines.external_id
    where zero_lines.item_external_id is not null and invoices.state = 'ready'
),

final as (
    select
        wanted.item_external_id as external_id,
        -- an item's name is unique in NetSuite and has 60 characters; a product's in Stripe is neither
        coalesce(
            trim(substr(max(products.product_name), 1, 57 - length(wanted.item_external_id)))
            || ' (' || wanted.item_external_id || ')',
            wanted.item_external_id
        ) as item_name,
        min(accounts.netsuite_account_id) as netsuite_income_account_id,
        -- the price may be sold in any of them, now or later, and the item is never changed (P6)
        (
            select string_agg(id, ',' order by id) from {{ ref('parsed_netsuite__subsidiaries') }}
        ) as netsuite_subsidiary_ids
    from wanted
    left join {{ ref('reference_accounts') }} as accounts
        on wanted.currency = accounts.currency and accounts.purpose = 'item_income'
    left join {{ ref('parsed_stripe__prices') }} as prices on wanted.item_external_id = prices.stripe_price_id
    left join {{ ref('parsed_stripe__products') }} as products on prices.stripe_product_id = products.stripe_product_id
    left join {{ ref('outcomes_records') }} as records
        on
            wanted.item_external_id = records.external_id
            and records.record_type = 'serviceSaleItem'
            and records.is_posted
    where records.external_id is null
    group by wanted.item_external_id
)

select * from final
