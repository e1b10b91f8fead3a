{#-
    Which part of the world a build works on (models/scope): the customers of whom anything has changed since the last build that ended well.

    A credit document depends on nothing but the objects of its own customer, the mapping files and NetSuite's records. So the rules need no notion of
    change: staging hands them the customers in scope as if there were no others, and what they derive takes the place of what was kept (models/kept).
-#}
{% macro is_in_scope(customer_key) -%}
    {{ customer_key }} in (select scope.customer_key from {{ ref('scope_customers') }} as scope)
{%- endmacro %}

{#- Pre-hook of a kept model: what was kept of the customers in scope makes room. -#}
{% macro forget_scope() -%}
    {%- if is_incremental() %}
    delete from {{ this }} where {{ is_in_scope('customer_key') }}
    {%- endif %}
{%- endmacro %}

{#- Body of a kept model: what a rule model derived in this build, with the customer each row belongs to. -#}
{% macro keep(model, document=none, customer='stripe_customer_id') -%}
-- depends_on: {{ ref('scope_customers') }}
{%- if document is none %}
select rows_derived.*, coalesce(rows_derived.{{ customer }}, '') as customer_key
from {{ ref(model) }} as rows_derived
{%- else %}
select rows_derived.*, coalesce(documents.stripe_customer_id, '') as customer_key
from {{ ref(model) }} as rows_derived
inner join {{ ref('int_credit_documents') }} as documents on rows_derived.{{ document }} = documents.document_id
{%- endif %}
{%- endmacro %}

{#- What the code and the vars are, as a literal: with either changed, everything is derived again. -#}
{% macro rules_fingerprint() -%}
    {%- set parts = [] -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') -%}
            {%- do parts.append(node.name ~ node.checksum.checksum) -%}
        {%- endfor -%}
        {%- for name, thing in context.items() if thing.macro is defined and thing.macro.package_name == project_name -%}
            {%- do parts.append(name ~ local_md5(thing.macro.macro_sql)) -%}
        {%- endfor -%}
        {%- for name in [
            'go_live_date', 'pre_go_live_credit_notes', 'uncollectible_invoices', 'require_charge_for_remainder', 'accounting_timezone',
            'credit_note_date', 'customer_balance_date', 'period_end', 'closed_period', 'customer_balance_lines', 'missing_item', 'line_amount_basis',
            'discount_posting', 'tax_strategy', 'untaxed_tax_code', 'revenue_start_field', 'revenue_end_field', 'out_of_band_field',
            'customer_id_field', 'invoice_id_field',
        ] -%}
            {%- do parts.append(name ~ var(name)) -%}
        {%- endfor -%}
    {%- endif -%}
    '{{ local_md5(parts | sort | join('|')) }}'
{%- endmacro %}

{#-
    The table a model was when this build began, for models that come before it in this build; an empty one with these columns when there was none,
    or one that an earlier version made without some of them.

    columns    names; all text but last_row and fingerprint
    counts     false: take it as empty
-#}
{% macro previous_build(schema, model_name, columns, counts=true) -%}
    {%- set previous = adapter.get_relation(database=target.database, schema=schema, identifier=model_name) if execute and counts and not flags.FULL_REFRESH else none -%}
    {%- if previous and columns | reject('in', adapter.get_columns_in_relation(previous) | map(attribute='name') | list) | list -%}
        {%- set previous = none -%}
    {%- endif -%}
    {%- if previous -%}
        (select {{ columns | join(', ') }} from {{ previous }})
    {%- else -%}
        (select {% for column in columns %}cast(null as {{ 'bigint' if column == 'last_row' else fingerprint_type() if column == 'fingerprint' else 'varchar' }}) as {{ column }}{% if not loop.last %}, {% endif %}{% endfor %} where false)
    {%- endif -%}
{%- endmacro %}

{#- Number of a row of a table that only grows. -#}
{% macro row_number_in(alias) %}{{ return(adapter.dispatch('row_number_in')(alias)) }}{% endmacro %}
{% macro duckdb__row_number_in(alias) %}{{ alias }}.rowid{% endmacro %}

{#-
    Makes a model come after every mart and whatever else a data test looks at: only so does dbt skip it when a data test fails.
-#}
{% macro after_all_marts() -%}
    {%- for mart in [
        'credit_balance_check', 'credit_memo_applications', 'credit_memo_lines', 'credit_memo_tax_details', 'credit_memos', 'credit_outcomes',
        'customer_refunds', 'items_to_create', 'journal_entries', 'netsuite_field_values', 'refund_reconciliation', 'zero_amount_invoice_lines',
        'zero_amount_invoices', 'kept_attributed_uses', 'stg_netsuite__accounts',
    ] %}
-- depends_on: {{ ref(mart) }}
    {%- endfor %}
{% endmacro %}

{#- Rows of a mart that belong to the documents of this build: laws are tested on them, since what is kept was tested when it was derived. -#}
{% macro rows_in_scope(mart, column='external_id') -%}
    {%- if column == 'stripe_customer_id' -%}
    (select * from {{ ref(mart) }} where {{ is_in_scope(column) }})
    {%- else -%}
    (select * from {{ ref(mart) }} where {{ column }} in (
        select scope.{{ 'document_id' if column == 'document_id' else 'external_id' }} from {{ ref('int_external_ids') }} as scope
    ))
    {%- endif -%}
{%- endmacro %}

{#- What a row says in these columns, in short: equal for equal rows, null and empty told apart. -#}
{% macro fingerprint(columns) %}{{ return(adapter.dispatch('fingerprint')(columns)) }}{% endmacro %}
{% macro duckdb__fingerprint(columns) %}hash({{ columns | join(', ') }}){% endmacro %}
{% macro default__fingerprint(columns) -%}
    md5({% for column in columns %}{% if not loop.first %} || '|' || {% endif %}coalesce('=' || cast({{ column }} as varchar), ''){% endfor %})
{%- endmacro %}

{#- The models that hold Stripe's objects of all customers. -#}
{% macro parsed_models() -%}
    {{ return([
        'base_stripe__credit_notes', 'base_stripe__invoices', 'base_stripe__customers', 'base_stripe__customer_balance_transactions',
        'base_stripe__refunds', 'base_stripe__invoice_payments',
    ]) }}
{%- endmacro %}

{#- False when a table that later builds rely on is not there: a new model, or somebody dropped it. -#}
{% macro all_kept_models_exist() -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' and (node.fqn[1] == 'kept' or node.name == 'scope_seen_inputs') -%}
            {%- if not adapter.get_relation(database=target.database, schema=node.schema, identifier=node.name) -%}{{ return(false) }}{%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(true) }}
{%- endmacro %}
{% macro fingerprint_type() %}{{ return(adapter.dispatch('fingerprint_type')()) }}{% endmacro %}
{% macro duckdb__fingerprint_type() %}{{ return('ubigint') }}{% endmacro %}
{% macro default__fingerprint_type() %}{{ return('varchar') }}{% endmacro %}
