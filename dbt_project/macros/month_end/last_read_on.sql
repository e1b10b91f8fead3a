{#-
    A query of one row: read_on, the day in accounting_timezone on which the last finished extract began; null before
    the first. A mart does not look at the clock, so that the same warehouse always shows the same rows.
-#}
{% macro last_read_on() -%}
    select max({{ accounting_date_of_instant('started_at') }}) as read_on
    from {{ source('raw_stripe', 'extract_runs') }}
    -- P9: a clock says how old, never which is the last
    where
        position = (
            select max(position) from {{ source('raw_stripe', 'extract_runs') }} where finished_at is not null
        )
{%- endmacro %}
