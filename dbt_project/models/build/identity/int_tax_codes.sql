-- NetSuite's item, tax code and tax type of each Stripe tax rate that was charged (rule L8): the rate's own row of
-- tax_map.csv, else the row with an empty rate id.
{{ config(materialized='replaced_view') }}

with

mapped as (
    select
        coalesce({{ cell('stripe_tax_rate_id') }}, '') as stripe_tax_rate_id,
        max({{ cell('netsuite_item_id') }}) as netsuite_item_id,
        max({{ cell('netsuite_tax_code_id') }}) as netsuite_tax_code_id,
        max({{ cell('netsuite_tax_type_id') }}) as netsuite_tax_type_id
    from {{ ref('tax_map') }}
    group by coalesce({{ cell('stripe_tax_rate_id') }}, '')
),

charged as (
    select distinct coalesce(stripe_tax_rate_id, '') as stripe_tax_rate_id
    from {{ ref('stg_stripe__credit_note_amounts') }}
    where amount_kind in ('exclusive_tax', 'inclusive_tax', 'shipping_tax')
    union
    select distinct coalesce(stripe_tax_rate_id, '') as stripe_tax_rate_id
    from {{ ref('stg_stripe__invoice_amounts') }}
    where amount_kind in ('exclusive_tax', 'inclusive_tax', 'shipping_tax')
)

select
    charged.stripe_tax_rate_id,
    {%- for column in ['netsuite_item_id', 'netsuite_tax_code_id', 'netsuite_tax_type_id'] %}
    case when own.stripe_tax_rate_id is not null then own.{{ column }} else other.{{ column }} end as {{ column }},
    {%- endfor %}
    case
        when charged.stripe_tax_rate_id <> '' and own.stripe_tax_rate_id is not null
            then 'tax_map.csv ' || own.stripe_tax_rate_id
        when other.stripe_tax_rate_id is not null then 'tax_map.csv, the row with an empty rate id'
    end as found_by,
    -- L5, L8: only its own row says which code a tax of zero has; the row with an empty rate id could tax the line
    charged.stripe_tax_rate_id <> '' and own.stripe_tax_rate_id is not null as has_own_row,
    tax_rates.percentage,
    coalesce(tax_rates.is_flat, false) as is_flat
from charged
left join mapped as own on charged.stripe_tax_rate_id = own.stripe_tax_rate_id
left join mapped as other on other.stripe_tax_rate_id = ''
left join {{ ref('stg_stripe__tax_rates') }} as tax_rates on charged.stripe_tax_rate_id = tax_rates.stripe_tax_rate_id
