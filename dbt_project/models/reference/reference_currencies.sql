{{ config(materialized="replaced_table") }}

{%- set zero_decimal = [
    'bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf', 'vnd', 'vuv', 'xaf', 'xof', 'xpf',
] -%}
{%- set three_decimal = ['bhd', 'jod', 'kwd', 'omr', 'tnd'] -%}
{#- ISK and UGX have no decimals, but Stripe sends them with two. HUF and TWD have two here: only payouts treat them
    otherwise. -#}
{%- set two_decimal = [
    'aed', 'afn', 'all', 'amd', 'ang', 'aoa', 'ars', 'aud', 'awg', 'azn', 'bam', 'bbd', 'bdt', 'bgn', 'bmd', 'bnd',
    'bob', 'brl', 'bsd', 'btn', 'bwp', 'byn', 'bzd', 'cad', 'cdf', 'chf', 'cny', 'cop', 'crc', 'cve', 'czk', 'dkk',
    'dop', 'dzd', 'egp', 'etb', 'eur', 'fjd', 'fkp', 'gbp', 'gel', 'ghs', 'gip', 'gmd', 'gtq', 'gyd', 'hkd', 'hnl',
    'hrk', 'htg', 'huf', 'idr', 'ils', 'inr', 'isk', 'jmd', 'kes', 'kgs', 'khr', 'kyd', 'kzt', 'lak', 'lbp', 'lkr',
    'lrd', 'lsl', 'mad', 'mdl', 'mkd', 'mmk', 'mnt', 'mop', 'mro', 'mur', 'mvr', 'mwk', 'mxn', 'myr', 'mzn', 'nad',
    'ngn', 'nio', 'nok', 'npr', 'nzd', 'pab', 'pen', 'pgk', 'php', 'pkr', 'pln', 'qar', 'ron', 'rsd', 'rub', 'sar',
    'sbd', 'scr', 'sek', 'sgd', 'shp', 'sle', 'sll', 'sos', 'srd', 'std', 'svc', 'szl', 'thb', 'tjs', 'top', 'try',
    'ttd', 'twd', 'tzs', 'uah', 'ugx', 'usd', 'uyu', 'uzs', 'wst', 'xcd', 'xcg', 'yer', 'zar', 'zmw',
] -%}

with

stripe_currencies as (
    {%- for currencies, exponent in [(zero_decimal, 0), (two_decimal, 2), (three_decimal, 3)] %}
    {%- if not loop.first %}
    union all
    {%- endif %}
    {%- for currency in currencies %}
    {% if not loop.first %}union all {% endif -%}
    select '{{ currency }}' as currency, {{ exponent }} as stripe_exponent
    {%- endfor %}
    {%- endfor %}
),

final as (
    select
        stripe_currencies.currency,
        stripe_currencies.stripe_exponent,
        netsuite_currencies.netsuite_currency_id,
        netsuite_currencies.netsuite_precision,
        -- the smallest amount that NetSuite can show, in Stripe's minor units (X3)
        cast(case
            when stripe_currencies.stripe_exponent - netsuite_currencies.netsuite_precision = 3 then 1000
            when stripe_currencies.stripe_exponent - netsuite_currencies.netsuite_precision = 2 then 100
            when stripe_currencies.stripe_exponent - netsuite_currencies.netsuite_precision = 1 then 10
            else 1
        end as bigint) as unit_minor
    from stripe_currencies
    left join {{ ref('parsed_netsuite__currencies') }} as netsuite_currencies
        on stripe_currencies.currency = netsuite_currencies.currency
)

select * from final
