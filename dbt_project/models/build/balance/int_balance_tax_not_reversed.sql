-- Rule B5: tax inside the credits that uses consumed. It is never reversed in NetSuite; an accountant books it by hand.
{%- set tax, total = wide_integer('taxes.tax_minor'), wide_integer('totals.total_minor') %}
with

taxes as (
    select
        document_id,
        sum(amount_minor) as tax_minor
    from {{ ref('stg_stripe__credit_note_amounts') }}
    where amount_kind in ('exclusive_tax', 'inclusive_tax', 'shipping_tax')
    group by document_id
    union all
    select
        document_id,
        -sum(amount_minor) as tax_minor
    from {{ ref('stg_stripe__invoice_amounts') }}
    where amount_kind in ('exclusive_tax', 'inclusive_tax', 'shipping_tax')
    group by document_id
),

totals as (
    select credit_note_id as document_id, total_minor from {{ ref('stg_stripe__credit_notes') }}
    union all
    select stripe_invoice_id as document_id, -total_minor as total_minor
    from {{ ref('stg_stripe__invoices') }}
    where total_minor < 0
),

final as (
    select
        sources.document_id,
        sources.stripe_customer_id,
        sources.currency,
        -- tax up to the end of the stretch less tax up to its beginning: the parts of one credit add up exactly
        sum(cast(
            {{ floor_divide(tax ~ ' * sources.used_to_minor', total) }}
            - {{ floor_divide(tax ~ ' * sources.used_from_minor', total) }}
            as bigint
        )) as tax_not_reversed_minor
    from {{ ref('int_balance_credit_sources') }} as sources
    inner join totals on coalesce(sources.credit_note_id, sources.stripe_invoice_id) = totals.document_id
    inner join taxes on totals.document_id = taxes.document_id
    where totals.total_minor > 0 and taxes.tax_minor <> 0
    group by sources.document_id, sources.stripe_customer_id, sources.currency
)

select * from final
