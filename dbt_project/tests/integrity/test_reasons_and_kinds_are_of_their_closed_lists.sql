-- Rules O1, O4, L1: every state and reason is of the closed list, the reason belongs to its state, and a sentence
-- explains it, which names an id of Stripe unless the row is posted; kinds of documents, lines, applications and field
-- values are of their lists. The loader and accountants branch on these values, so a value that nobody knows would be
-- left out in silence, and a sentence without an id sends an accountant searching.
with

judged as (
    select
        'credit_outcomes' as mart,
        document_id as row_id,
        state as state,
        reason as reason,
        detail as detail
    from {{ ref('checked_credit_outcomes') }}
{%- for mart in [
    'credit_memos', 'credit_memo_applications', 'customer_refunds', 'zero_amount_invoices', 'journal_entries',
] %}
    union all
    select
        '{{ mart }}' as mart,
        external_id as row_id,
        state as state,
        reason as reason,
        detail as detail
    from {{ ref('checked_' ~ mart) }} as mart_rows
    {%- endfor %}
),

kinds as (
    select 'document_type' as column_name, document_id as row_id, document_type as kind
    from {{ ref('checked_credit_outcomes') }}
    union all
    select 'line_kind' as column_name, document_id as row_id, line_kind as kind
    from {{ ref('checked_credit_memo_lines') }}
    union all
    select 'application_type' as column_name, external_id as row_id, application_type as kind
    from {{ ref('checked_credit_memo_applications') }}
    union all
    select 'value_type' as column_name, external_id as row_id, value_type as kind
    from {{ ref('books_field_values') }}
    where {{ is_in_scope('customer_key') }}
),

closed_kinds as (
{%- for column, names in {
    'document_type': ['credit_note', 'balance_use', 'negative_invoice'],
    'line_kind': ['item', 'custom', 'whole_note', 'discount', 'billing_credit', 'tax', 'shipping', 'balance'],
    'application_type': ['invoice', 'customer_refund', 'out_of_band'],
    'value_type': ['text', 'number', 'date', 'reference', 'boolean'],
}.items() %}
    {%- set is_last_column = loop.last %}
    {%- for name in names %}
    select '{{ column }}' as column_name, '{{ name }}' as kind
    {% if not (is_last_column and loop.last) %}union all{% endif %}
    {%- endfor %}
    {%- endfor %}
)

select
    judged.mart || ': ' || coalesce(judged.row_id, '(no id)') || ' is ' || coalesce(judged.state, '(no state)') || ', '
    || coalesce(judged.reason, '(no reason)')
    || case
        when reasons.reason is null then ', which is not of the closed list.'
        when coalesce(judged.detail, '') = '' then ', without an explanation.'
        else ', and its explanation names no id of Stripe: ' || judged.detail
    end as message
from judged
left join {{ ref('reference_outcome_reasons') }} as reasons
    on judged.state = reasons.state and judged.reason = reasons.reason
where
    reasons.reason is null
    or coalesce(judged.detail, '') = ''
    or (
        judged.state <> 'posted'
        and position(judged.row_id in judged.detail) = 0
        and not {{ names_stripe_id('judged.detail') }}
    )

union all

select
    coalesce(kinds.row_id, '(no id)') || ' has ' || kinds.column_name || ' ' || coalesce(kinds.kind, '(none)')
    || ', which is not of the closed list.' as message
from kinds
left join closed_kinds on kinds.column_name = closed_kinds.column_name and kinds.kind = closed_kinds.kind
where closed_kinds.kind is null
