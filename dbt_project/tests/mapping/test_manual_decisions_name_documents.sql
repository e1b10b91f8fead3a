-- Rule X5: a decision is about a credit document. One with a mistyped id decides nothing, so what it should skip would
-- be posted. Nothing is said while there is no document at all: nothing can be posted then.
{%- set most_letters = 'length(unmatched.document_id) / 3' %}
with

decisions as (
    {{ mapping_rows('manual_decisions') }}
),

-- of this build, and of the customers that it leaves as they are; none are read for a file without rows
documents as (
    select document_id
    from {{ ref('int_credit_documents') }}
    where exists (select 1 from decisions)
    union all
    select earlier.document_id
    from {{ last_build('credit_documents', {'document_id': text(), 'customer_key': text()}) }} as earlier
    where
        exists (select 1 from decisions)
        and earlier.customer_key not in (select scope.customer_key from {{ ref('scope_customers') }} as scope)
),

unmatched as (
    select
        line_number,
        {{ cell('document_id') }} as document_id,
        row_number() over (order by line_number) as position
    from decisions
    where
        {{ cell('document_id') }} is not null
        and {{ cell('document_id') }} not in (select documents.document_id from documents)
        and exists (select 1 from documents)
),

-- at most a third of the letters differ; a file that is wrong throughout needs no proposals
near as (
    select
        unmatched.line_number,
        documents.document_id,
        row_number() over (
            partition by unmatched.line_number
            order by
                {{ edit_distance('lower(documents.document_id)', 'lower(unmatched.document_id)', most_letters) }},
                documents.document_id
        ) as position
    from unmatched
    inner join documents
        on
            unmatched.position <= 20
            and 3 * {{ edit_distance('lower(documents.document_id)', 'lower(unmatched.document_id)', most_letters) }}
            <= length(unmatched.document_id)
),

proposals as (
    select line_number, {{ texts_joined('document_id', ', ', 'position') }} as document_ids
    from near
    where position <= 3
    group by line_number
)

select
    'manual_decisions.csv, line ' || cast(unmatched.line_number as {{ text() }}) || ', column document_id: "'
    || unmatched.document_id || '" is no credit document of Stripe'
    || coalesce('; nearest: ' || proposals.document_ids, '')
    || '. Correct the id or take the row out; run `make extract` first if the document is new.' as message
from unmatched
left join proposals on unmatched.line_number = proposals.line_number
