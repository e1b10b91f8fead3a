-- The customer balance ledger by month (rules B1, B2, B6, B7): what credit a customer had, got, used and has left.
-- Stripe shows credit as a negative balance; here it is positive.
with

ledger as (
    select
        ledger.stripe_customer_id,
        lower(ledger.currency) as currency,
        {{ accounting_month(accounting_date('ledger.created_at')) }} as accounting_month,
        -coalesce(ledger.amount_minor, 0) as credit_minor,
        case
            -- rows of a negative invoice are named as uses, and create credit (B1)
            when ledger.movement in ('use', 'give_back') and coalesce(invoices.total_minor < 0, false)
                then 'granted_by_negative_invoices'
            when ledger.movement in ('use', 'give_back') then 'used'
            when ledger.movement = 'payment' then 'paid_in'
            when ledger.movement = 'carried' then 'carried'
            when ledger.movement in ('credit', 'debit') and ledger.credit_note_id is not null
                then 'granted_by_credit_notes'
            when ledger.movement in ('credit', 'debit') then 'adjusted'
        end as kind
    from {{ ref('int_balance_ledger') }} as ledger
    left join {{ ref('stg_stripe__invoices') }} as invoices on ledger.stripe_invoice_id = invoices.stripe_invoice_id
),

{%- set kinds = ['granted_by_credit_notes', 'granted_by_negative_invoices', 'paid_in', 'adjusted', 'carried', 'used'] %}

months as (
    select
        stripe_customer_id,
        currency,
        accounting_month,
        count(*) as transaction_count,
        {%- for kind in kinds %}
        sum(case when kind = '{{ kind }}' then credit_minor else 0 end) as {{ kind }}_minor,
        {%- endfor %}
        sum(sum(credit_minor)) over (
            partition by stripe_customer_id, currency order by accounting_month
            rows between unbounded preceding and current row
        ) as closing_minor
    from ledger
    group by stripe_customer_id, currency, accounting_month
)

select
    stripe_customer_id,
    currency,
    accounting_month,
    transaction_count,
    cast(coalesce(
        lag(closing_minor) over (partition by stripe_customer_id, currency order by accounting_month), 0
    ) as bigint) as opening_minor,
    {%- for kind in kinds %}
    cast({{ kind }}_minor as bigint) as {{ kind }}_minor,
    {%- endfor %}
    cast(closing_minor as bigint) as closing_minor
from months
