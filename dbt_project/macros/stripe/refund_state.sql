{#-
    What counts as which (rule R2): failed, succeeded or pending. A refund whose charge expired uncaptured moved no
    money. One without a status has succeeded if a balance transaction shows it. Everything else is pending: an unknown
    status,
    and a refund that was not landed (all null).

    refunds    alias of stg_stripe__refunds, or of parsed_stripe__refunds
-#}
{% macro refund_state(refunds) -%}
    case
        when
            {{ refunds }}.refund_status in ('failed', 'canceled')
            or {{ refunds }}.refund_reason = 'expired_uncaptured_charge'
            then 'failed'
        when
            {{ refunds }}.refund_status = 'succeeded'
            or ({{ refunds }}.refund_status is null and {{ refunds }}.stripe_balance_transaction_id is not null)
            then 'succeeded'
        else 'pending'
    end
{%- endmacro %}
