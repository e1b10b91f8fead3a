{{ config(materialized='view') }}

-- What documents are derived from beside Stripe's objects and the journal, one row each with its fingerprint: rows of mapping files, NetSuite's
-- records, tax rates, the code and the vars. The ids say whom a row concerns: an external id or a Stripe id, where it has one.
{%- set all_columns = [
    ('default_items', ref('default_items'), ['role', 'netsuite_item_id']),
    ('item_map', ref('item_map'), ['stripe_id', 'netsuite_item_id']),
    ('tax_map', ref('tax_map'), ['stripe_tax_rate_id', 'netsuite_item_id', 'netsuite_tax_code_id', 'netsuite_tax_type_id']),
    ('account_map', ref('account_map'), ['purpose', 'currency', 'netsuite_account_id']),
    ('field_map', ref('field_map'), ['target', 'netsuite_field', 'value_type', 'source', 'constant']),
    ('currencies', source('raw_netsuite', 'currencies'), ['id', 'symbol', 'currencyprecision', 'isinactive']),
    ('accounting_periods', source('raw_netsuite', 'accounting_periods'), ['id', 'startdate', 'enddate', 'isyear', 'isquarter', 'isadjust', 'closed', 'arlocked', 'alllocked', 'isinactive']),
    ('subsidiaries', source('raw_netsuite', 'subsidiaries'), ['id']),
] %}
{%- set row_columns = [
    ('customer_map', ref('customer_map'), ['stripe_customer_id', 'netsuite_customer_id'], "''", 'null', 'stripe_customer_id'),
    ('invoice_map', ref('invoice_map'), ['stripe_invoice_id', 'netsuite_invoice_id'], "''", 'null', 'stripe_invoice_id'),
    ('manual_decisions', ref('manual_decisions'), ['document_id', 'decision', 'note'], "''", 'null', 'document_id'),
    ('tax_rates', ref('stg_stripe__tax_rates'), ['percentage', 'is_flat'], 'stripe_tax_rate_id', 'null', 'stripe_tax_rate_id'),
    ('items', source('raw_netsuite', 'items'), ['externalid', 'isinactive'], 'id', 'externalid', 'null'),
    ('customers', source('raw_netsuite', 'customers'), ['externalid', 'subsidiary', 'receivablesaccount', 'stripe_id'], 'id', 'externalid', 'stripe_id'),
    ('transactions', source('raw_netsuite', 'transactions'),
        ['externalid', 'type', 'entity', 'currency', 'foreigntotal', 'foreignamountunpaid', 'voided', 'subsidiary', 'account', 'stripe_id'],
        'id', 'externalid', 'stripe_id'),
    ('applications', source('raw_netsuite', 'applications'), ['linktype', 'foreignamount'], "previousdoc || ' ' || nextdoc", 'null', 'null'),
] %}

-- concerns everybody
select
    'everything' as input,
    'rules' as row_id,
    cast(null as varchar) as external_id,
    cast(null as varchar) as stripe_id,
    {{ fingerprint(["'rules'", rules_fingerprint()]) }} as fingerprint

{%- for name, relation, columns in all_columns %}
union all
select 'everything', '{{ name }}', cast(null as varchar), cast(null as varchar),
    {{ fingerprint(["'" ~ name ~ "'"] + columns) }}
from {{ relation }}
{%- endfor %}
{%- for name, relation, columns, row_id, external_id, stripe_id in row_columns %}

union all
select '{{ name }}', {{ row_id }}, cast({{ external_id }} as varchar), cast({{ stripe_id }} as varchar),
    {{ fingerprint(["'" ~ name ~ "'", row_id] + columns) }}
from {{ relation }}
{%- endfor %}
