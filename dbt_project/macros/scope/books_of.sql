{#-
    Body of a books model: what a rule model derived in this build, with the customer that each row belongs to.

    derived     relation of the rule model
    document    column with the document that a row belongs to, where it has no stripe_customer_id of its own
-#}
{% macro books_of(derived, document=none) -%}
{%- if document is none %}
select derived.*, coalesce(derived.stripe_customer_id, '') as customer_key
from {{ derived }} as derived
{%- else %}
select derived.*, coalesce(documents.stripe_customer_id, '') as customer_key
from {{ derived }} as derived
inner join {{ ref('int_credit_documents') }} as documents on derived.{{ document }} = documents.document_id
{%- endif %}
{%- endmacro %}
