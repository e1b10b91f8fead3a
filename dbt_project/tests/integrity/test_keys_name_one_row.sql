-- Rules O1, X1, L1: the keys that joins rely on name one row each; those of the marts: test_marts_hold_what_others_rely_on.
with

keys as (
{%- for model, key in [
    ('int_credit_documents', ['document_id']), ('int_document_verdicts', ['document_id']), ('int_credit_note_parts', ['credit_note_id']),
    ('int_refund_links', ['stripe_refund_id', 'credit_note_id']), ('int_balance_uses', ['document_id']), ('int_netsuite_customers', ['stripe_customer_id']),
    ('int_netsuite_invoices', ['stripe_invoice_id']), ('reference_currencies', ['currency']), ('int_price_items', ['stripe_price_id', 'stripe_product_id']),
    ('int_tax_codes', ['stripe_tax_rate_id']), ('reference_accounts', ['purpose', 'currency']), ('int_posting_dates', ['transaction_date']),
    ('int_balance_ledger', ['stripe_customer_id', 'currency', 'chain_position']), ('int_customer_refunds', ['stripe_refund_id']),
    ('parsed_netsuite__currencies', ['currency']),
] %}
    select
        '{{ model }}' as model,
        {% for column in key %}{% if not loop.first %} || ' ' || {% endif %}coalesce(cast({{ column }} as varchar), '(none)'){% endfor %} as key_value
    from {{ ref(model) }}
    {% if not loop.last %}union all{% endif %}
{%- endfor %}
)

select model || ': ' || cast(count(*) as varchar) || ' rows have the key ' || key_value || '.' as message
from keys
group by model, key_value
having count(*) > 1
