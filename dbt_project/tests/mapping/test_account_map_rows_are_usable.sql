-- Rules R1, G2, L1: each purpose and currency once (an empty currency means any), with an active NetSuite account.
{% call mapping_file_problems(
    'account_map',
    key_column='purpose',
    key=['purpose', 'currency'],
    required=['purpose', 'netsuite_account_id'],
    allowed={'purpose': ['refund', 'pre_go_live_income', 'item_income']},
    internal_ids={'netsuite_account_id': 'account'}
) %}
    select
        numbered.line_number,
        'currency' as column_name,
        numbered.currency as cell_value,
        case
            when currencies.currency is null then 'is no currency that Stripe has'
            else 'must be in lower case'
        end as problem
    from numbered
    left join {{ ref('reference_currencies') }} as currencies
        on lower({{ cell('numbered.currency') }}) = currencies.currency
    where
        {{ cell('numbered.currency') }} is not null
        and (currencies.currency is null or currencies.currency <> {{ cell('numbered.currency') }})
{% endcall %}
