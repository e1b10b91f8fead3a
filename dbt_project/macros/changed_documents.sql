{#-
    For models that are derived once per document and kept: which documents have to be derived again (models/intermediate/changes).

    A kept model is incremental with strategy `append`, has the pre-hook `forget_changed_documents`, and filters its documents by
    `is_changed_document`. On a first build, and after --full-refresh, both do nothing and everything is derived.
-#}
{% macro is_changed_document(document_id) -%}
    {%- if is_incremental() -%}
        {{ document_id }} in (select changed.document_id from {{ ref('int_changed_documents') }} as changed)
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
{% macro forget_changed_documents() -%}
    {%- if is_incremental() %}
    delete from {{ this }} where document_id in (select changed.document_id from {{ ref('int_changed_documents') }} as changed)
    {%- endif %}
{%- endmacro %}

{#- What the code and the vars are, as a literal: with either changed, every document is derived again. -#}
{% macro rules_fingerprint() -%}
    {%- set parts = [] -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') -%}
            {%- do parts.append(node.name ~ node.checksum.checksum) -%}
        {%- endfor -%}
        {%- for name in graph.get('macros', {}).values() | selectattr('package_name', 'equalto', project_name) -%}
            {%- do parts.append(name.name ~ local_md5(name.macro_sql)) -%}
        {%- endfor -%}
        {%- for name in [
            'go_live_date', 'accounting_timezone', 'customer_balance_lines', 'missing_item', 'discount_posting', 'tax_strategy',
            'line_amount_basis', 'period_end', 'untaxed_tax_code',
        ] -%}
            {%- do parts.append(name ~ var(name)) -%}
        {%- endfor -%}
    {%- endif -%}
    '{{ local_md5(parts | sort | join('|')) }}'
{%- endmacro %}

{#- The table a model was at the end of the last build; an empty one with these columns when there was none. -#}
{% macro previous_build(model_name, columns) -%}
    {%- set previous = adapter.get_relation(database=target.database, schema='intermediate', identifier=model_name) if execute and not flags.FULL_REFRESH else none -%}
    {%- if previous -%}
        (select {{ columns | join(', ') }} from {{ previous }})
    {%- else -%}
        (select {% for column in columns %}cast(null as varchar) as {{ column }}{% if not loop.last %}, {% endif %}{% endfor %} where false)
    {%- endif -%}
{%- endmacro %}
