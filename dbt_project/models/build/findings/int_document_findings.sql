-- Every reason that holds for a document. int_document_verdicts takes the first one in the order of rule O3.
{{ config(materialized='replaced_view') }}

{%- for findings in [
    'int_findings_skipped', 'int_findings_stripe', 'int_findings_amounts', 'int_findings_netsuite_records',
    'int_findings_connector_records', 'int_findings_mapping', 'int_findings_posting', 'int_findings_unknown_objects',
] %}
{% if not loop.first %}
union all
{% endif %}select document_id, reason, detail from {{ ref(findings) }}
{%- endfor %}
