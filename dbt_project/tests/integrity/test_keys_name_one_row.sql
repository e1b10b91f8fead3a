-- Rules B6, L1, X3, X4: the keys that the rules join on name one row each. A second row would double an amount. The
-- keys of books and marts stand beside these models (rows_are_whole).
with

keys as (
{%- for model, key in {
    'int_balance_ledger': ['stripe_customer_id', 'currency', 'chain_position'],
    'int_balance_uses': ['document_id'],
    'int_credit_documents': ['document_id'],
    'int_credit_note_parts': ['credit_note_id'],
    'int_posting_dates': ['transaction_date'],
    'int_price_items': ['stripe_price_id', 'stripe_product_id'],
    'int_tax_codes': ['stripe_tax_rate_id'],
    'parsed_netsuite__currencies': ['currency'],
    'reference_accounts': ['purpose', 'currency'],
    'reference_currencies': ['currency'],
}.items() %}
    select
        '{{ model }}' as model,
        {% for column in key -%}
        {% if not loop.first %}|| ' ' || {% endif %}coalesce(cast({{ column }} as {{ text() }}), '(none)')
        {% endfor %} as key_value
    from {{ ref(model) }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

select model || ': ' || cast(count(*) as {{ text() }}) || ' rows have the key ' || key_value || '.' as message
from keys
group by model, key_value
having count(*) > 1
