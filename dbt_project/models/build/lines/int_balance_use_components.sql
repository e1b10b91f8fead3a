-- The line or lines of a memo for a use of customer balance (rule B4, var customer_balance_lines). net_minor is the
-- weight of rule S1. item_of_line_position is the invoice line that gives item, description and period; null = the item
-- of role customer_balance.
with

uses as (
    select
        uses.document_id,
        uses.stripe_invoice_id,
        coalesce(leftovers.is_leftover, true) as is_leftover
    from {{ ref('int_balance_uses') }} as uses
    left join {{ ref('int_balance_leftovers') }} as leftovers on uses.document_id = leftovers.document_id
    where uses.used_minor > 0
),

discounts as (
    select
        document_id as stripe_invoice_id,
        line_position,
        sum(amount_minor) as discount_minor
    from {{ ref('stg_stripe__invoice_amounts') }}
    where amount_kind = 'discount'
    group by document_id, line_position
),

lines as (
    select
        uses.document_id,
        uses.is_leftover,
        invoice_lines.line_position,
        invoice_lines.amount_minor - coalesce(discounts.discount_minor, 0) as discounted_minor,
        count(*) over (partition by uses.document_id) as line_count
    from uses
    inner join {{ ref('stg_stripe__invoice_lines') }} as invoice_lines
        on uses.stripe_invoice_id = invoice_lines.stripe_invoice_id
    left join discounts
        on
            invoice_lines.stripe_invoice_id = discounts.stripe_invoice_id
            and invoice_lines.line_position = discounts.line_position
),

from_lines as (
    select
        document_id,
        line_position,
        discounted_minor as net_minor
    from lines
    {%- if var('customer_balance_lines') == 'invoice_lines' %}
    where discounted_minor > 0
{%- elif var('customer_balance_lines') == 'auto' %}
    where line_count = 1 and not is_leftover
    {%- else %}
    where false
{%- endif %}
),

final as (
    select
        document_id,
        line_position,
        line_position as item_of_line_position,
        -- a single line gets the whole use, whatever its own amount is
        cast({{ 'net_minor' if var('customer_balance_lines') == 'invoice_lines' else '1' }} as bigint) as net_minor
    from from_lines

    union all

    select
        uses.document_id,
        1 as line_position,
        cast(null as integer) as item_of_line_position,
        cast(1 as bigint) as net_minor
    from uses
    where not exists (select 1 from from_lines where from_lines.document_id = uses.document_id)
)

select * from final
