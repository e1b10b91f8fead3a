{#-
    Current version of each Stripe object whose parsed row is missing or outdated.

    Only rows landed since the last build are looked at, and row ids are chosen before any payload is read. After rows
    were removed (make compact, or doubles after a crash) DuckDB numbers the rows behind them anew, at a checkpoint of
    its own choice. So the newest parsed row must still have its row id; otherwise all rows are looked at, and rows that
    moved are parsed again.

    table_name   table of source raw_stripe; the model that calls this is incremental and stores raw_row_id
    Returns a select of all columns of the raw table and raw_row_id.
-#}
{% macro changed_objects(table_name) -%}
    {{ return(adapter.dispatch('changed_objects')(source('raw_stripe', table_name))) }}
{%- endmacro %}

{% macro duckdb__changed_objects(raw) %}
    {%- set is_landed_since -%}
        {%- if is_incremental() -%}
        rowid > (
            select coalesce(max(parsed.raw_row_id), -1)
            from {{ this }} as parsed
            inner join {{ raw }} as same
                on
                    parsed.raw_row_id = same.rowid
                    and parsed.id = same.id
                    and parsed.fetched_at = same.fetched_at
            where
                parsed.raw_row_id = (select max(newest.raw_row_id) from {{ this }} as newest)
                and same.rowid = (select max(newest.raw_row_id) from {{ this }} as newest)
        )
        {%- else -%}
        rowid > -1
        {%- endif -%}
    {%- endset %}
    select
        raw_rows.*,
        raw_rows.rowid as raw_row_id
    from {{ raw }} as raw_rows
    -- the same condition twice: once so that few rows are grouped, once so that few payloads are read
    where raw_rows.{{ is_landed_since }} and raw_rows.rowid in (
        select arg_max(versions.rowid, versions.fetched_at)
        from {{ raw }} as versions
        where versions.{{ is_landed_since }}
        group by versions.id
    )
    {%- if is_incremental() %}
        and not exists (
            select 1 from {{ this }} as parsed
            where
                parsed.id = raw_rows.id
                and (
                    (parsed.content_hash = raw_rows.content_hash and parsed.raw_row_id = raw_rows.rowid)
                    or parsed.fetched_at > raw_rows.fetched_at
                )
        )
    {%- endif %}
{% endmacro %}
