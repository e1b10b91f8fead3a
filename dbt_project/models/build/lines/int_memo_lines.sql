-- The rows of a memo's item sublist (rules L1-L9, L11, B4): components that are not zero, numbered, each with its item.
-- Under suitetax_override taxes are no lines: int_memo_tax_details.
{%- set tax_details = ['tax'] if var('tax_strategy') == 'suitetax_override' else [] %}
{%- set stand_below = ['discount', 'billing_credit'] + tax_details %}
with

all_components as (
    select
        components.*,
        -- L6: NetSuite takes a discount only below a row, and a tax detail needs its line
        max(case when component_kind in ('{{ stand_below | join("', '") }}') and share_minor <> 0 then 1 else 0 end)
            over (partition by document_id, line_position)
        = 1 as is_row_needed
    from {{ ref('int_memo_components') }} as components
),

components as (
    select * from all_components
    where
        (share_minor <> 0 or (is_row_needed and component_kind in ('item', 'custom', 'shipping')))
    {%- if var('tax_strategy') != 'tax_lines' %}
        and component_kind <> 'tax'
        {%- endif %}
),

documents as (
    select document_id, stripe_invoice_id from {{ ref('int_credit_documents') }}
),

credited_lines as (
    select * from {{ ref('int_credited_lines') }}
),

-- the Stripe line of each component: of the note, or of the invoice whose line a balance use takes over
described as (
    select
        components.*,
        coalesce(credited_lines.stripe_line_id, balance_lines.stripe_line_id) as stripe_line_id,
        credited_lines.stripe_invoice_line_id,
        coalesce(credited_lines.description, balance_lines.description) as line_description,
        credited_lines.quantity as line_quantity,
        coalesce(credited_lines.stripe_price_id, balance_lines.stripe_price_id, '') as stripe_price_id,
        coalesce(credited_lines.stripe_product_id, balance_lines.stripe_product_id, '') as stripe_product_id,
        coalesce(credited_lines.period_start_at, balance_lines.period_start_at) as period_start_at,
        coalesce(credited_lines.period_end_at, balance_lines.period_end_at) as period_end_at
    from components
    inner join documents on components.document_id = documents.document_id
    left join credited_lines
        on
            components.document_id = credited_lines.document_id
            and components.line_position = credited_lines.line_position
            and components.component_kind <> 'balance'
    left join {{ ref('stg_stripe__invoice_lines') }} as balance_lines
        on
            documents.stripe_invoice_id = balance_lines.stripe_invoice_id
            and components.item_of_line_position = balance_lines.line_position
),

roles as (
    select
        described.*,
        component_kind = 'item' or item_of_line_position is not null as is_stripe_line,
        case when component_kind = 'discount' then discounts.stripe_coupon_id end as stripe_coupon_id,
        coupon_items.netsuite_item_id as coupon_item_id,
        coupon_items.item_found_by as coupon_found_by,
        case
            when component_kind = 'custom' then 'custom_credit_note_line'
            when component_kind = 'whole_note' then 'credit_note'
            when component_kind = 'shipping' then 'shipping'
            when component_kind = 'discount' then 'discount_{{ var("discount_posting") }}'
            when component_kind = 'billing_credit' then 'billing_credit'
            when component_kind = 'balance' and item_of_line_position is null then 'customer_balance'
        end as role
    from described
    left join {{ ref('stg_stripe__discounts') }} as discounts
        on described.stripe_discount_id = discounts.stripe_discount_id
    left join {{ ref('int_coupon_items') }} as coupon_items
        on discounts.stripe_coupon_id = coupon_items.stripe_coupon_id
),

final as (
    select
        roles.document_id,
        cast(row_number() over (
            partition by roles.document_id order by roles.line_position, roles.kind_order, roles.component_position
        ) as integer) as line_number,
        roles.component_kind as line_kind,
        roles.line_position,
        roles.kind_order,
        roles.component_position,
        roles.stripe_line_id,
        roles.stripe_invoice_line_id,
        roles.role,
        case
            when roles.component_kind = 'tax' then tax_codes.netsuite_item_id
            when roles.component_kind = 'discount' then coalesce(roles.coupon_item_id, default_items.netsuite_item_id)
            when roles.role is not null then default_items.netsuite_item_id
            when price_items.netsuite_item_id is not null then price_items.netsuite_item_id
            -- an invoice line that was not landed has no price to look up
            when price_items.item_external_id is null and '{{ var("missing_item") }}' <> 'block'
                then unallocated.netsuite_item_id
        end as netsuite_item_id,
        case
            when roles.role is null and roles.component_kind <> 'tax' then price_items.item_external_id
        end as item_external_id,
        -- the same order once more
        case
            when roles.component_kind = 'tax'
                then case when tax_codes.netsuite_item_id is not null then tax_codes.found_by end
            when roles.component_kind = 'discount' and roles.coupon_item_id is not null then roles.coupon_found_by
            when roles.role is not null
                then case when default_items.netsuite_item_id is not null then 'default_items.csv ' || roles.role end
            when price_items.item_found_by is not null then price_items.item_found_by
            when '{{ var("missing_item") }}' <> 'block' and unallocated.netsuite_item_id is not null
                then 'default_items.csv unallocated_invoice_item'
        end as item_found_by,
        roles.stripe_price_id,
        roles.stripe_product_id,
        roles.stripe_coupon_id,
        -- 4,000 characters is NetSuite's limit of a line description (C3)
        case
            when roles.component_kind = 'custom' or roles.is_stripe_line
                then {{ cut_text(sendable_text('roles.line_description'), 4000) }}
        end as description,
        case
            when roles.component_kind = 'item' then roles.line_quantity
            when roles.component_kind = 'balance' then cast(1 as decimal(38, 12))
        end as quantity,
        roles.share_minor as amount_minor,
        -- L2: revenue recognition dates of item lines; Stripe's period end is exclusive, NetSuite's inclusive
        case when roles.is_stripe_line then {{ accounting_date('roles.period_start_at') }} end as period_start,
        {%- if var('period_end') == 'inclusive' %}
        case
            when not roles.is_stripe_line then null
            when {{ accounting_date('roles.period_end_at') }} > {{ accounting_date('roles.period_start_at') }}
                then cast({{ accounting_date('roles.period_end_at') }} - interval '1' day as date)
            else {{ accounting_date('roles.period_start_at') }}
        end as period_end,
        {%- else %}
        case when roles.is_stripe_line then {{ accounting_date('roles.period_end_at') }} end as period_end,
{%- endif %}
        nullif(roles.stripe_tax_rate_id, '') as stripe_tax_rate_id,
        {%- if var('line_amount_basis') == 'gross' %}
        roles.component_kind in ('item', 'custom', 'discount', 'billing_credit', 'shipping') as is_gross,
        tax_codes.netsuite_tax_code_id as gross_tax_code_id,
        roles.stripe_tax_rate_id is not null as carries_tax
{%- else %}
        false as is_gross,
        cast(null as {{ text() }}) as gross_tax_code_id,
        false as carries_tax
        {%- endif %}
    from roles
    left join {{ ref('reference_default_items') }} as default_items on roles.role = default_items.role
    left join {{ ref('reference_default_items') }} as unallocated on unallocated.role = 'unallocated_invoice_item'
    left join {{ ref('int_price_items') }} as price_items
        on
            roles.stripe_price_id = price_items.stripe_price_id
            and roles.stripe_product_id = price_items.stripe_product_id
    left join {{ ref('int_tax_codes') }} as tax_codes on roles.stripe_tax_rate_id = tax_codes.stripe_tax_rate_id
)

select
    final.*,
    -- L11: NetSuite must not add tax of its own. With tax_strategy none the account taxes credit notes, but never the
    -- use of a balance (B5). Under suitetax_override the memo carries taxDetailsOverride, and isTaxable is not sent.
    {%- set leaves_tax_to_netsuite = "line_kind <> 'balance'" if var('tax_strategy') == 'none' else 'false' %}
    {%- if var('untaxed_tax_code') is none %}
        {%- set is_sent_untaxed = 'false' if var('tax_strategy') == 'suitetax_override'
            else 'not (carries_tax or ' ~ leaves_tax_to_netsuite ~ ')' %}
    case when {{ is_sent_untaxed }} then false end as is_taxable,
    case when carries_tax then gross_tax_code_id end as netsuite_tax_code_id
    {%- else %}
    cast(null as boolean) as is_taxable,
    case
        when carries_tax then gross_tax_code_id
        when not ({{ leaves_tax_to_netsuite }}) then {{ var_text('untaxed_tax_code') }}
    end as netsuite_tax_code_id
{%- endif %}
from final
