{#-
    posting_reason of a row of outcomes_records.

    records      alias of outcomes_records, left joined
    built_at     when the verdict was derived
    Other arguments: see posting_reason.
-#}
{% macro posting_reason_of_record(records, built_at, verdict, has_failed_refund='false', otherwise=none) -%}
    {%- set is_different -%}
        ({{ records }}.is_different and ({{ records }}.is_posted or {{ records }}.checked_at > {{ built_at }}))
    {%- endset -%}
    {{ posting_reason(
        is_posted=records ~ '.is_posted',
        posted_reason=records ~ '.posted_reason',
        is_different=is_different,
        is_rejected='(' ~ records ~ '.is_rejected and ' ~ records ~ '.answered_at > ' ~ built_at ~ ')',
        verdict=verdict,
        has_failed_refund=has_failed_refund,
        otherwise=otherwise,
    ) }}
{%- endmacro %}
