-- Rule X3: amount is amount_minor in the major unit, exactly, and NetSuite can show the amounts of ready records. The
-- loader sends amount; sums and caps are calculated from amount_minor.
with

credit_memos as (
    select * from {{ ref('checked_credit_memos') }}
),

amounts as (
    {%- for mart in ['credit_memos', 'customer_refunds', 'journal_entries'] %}
    select
        '{{ mart }}' as mart,
        external_id as external_id,
        amount_minor as amount_minor,
        amount as amount,
        currency as currency,
        state as state
    from {{ ref('checked_' ~ mart) }} as mart_rows
    union all
    {%- endfor %}
{%- for mart, rows in {
    'credit_memo_applications': ref('checked_credit_memo_applications'),
    'credit_memo_lines': ref('checked_credit_memo_lines'),
    'credit_memo_tax_details': ref('checked_credit_memo_tax_details'),
}.items() %}
    select
        '{{ mart }}' as mart,
        child.external_id as external_id,
        child.amount_minor as amount_minor,
        child.amount as amount,
        credit_memos.currency as currency,
        credit_memos.state as state
    from {{ rows }} as child
    inner join credit_memos on child.external_id = credit_memos.external_id
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

select
    amounts.mart || ': ' || amounts.external_id || ' has '
    || coalesce(cast(amounts.amount as {{ text() }}), 'no amount')
    || ' for ' || coalesce(cast(amounts.amount_minor as {{ text() }}), 'no') || ' minor units of '
    || upper(amounts.currency)
    || case when amounts.amount_minor % currencies.unit_minor <> 0 then ', which NetSuite cannot show.' else '.' end
        as message
from amounts
inner join {{ ref('reference_currencies') }} as currencies on amounts.currency = currencies.currency
where
    coalesce(
        amounts.amount * case currencies.stripe_exponent when 0 then 1 when 2 then 100 when 3 then 1000 end
        <> amounts.amount_minor,
        amounts.amount is not null or amounts.amount_minor is not null
    )
    or (amounts.state = 'ready' and amounts.amount_minor % currencies.unit_minor <> 0)
