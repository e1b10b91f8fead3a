{#- The only place that knows JSON. Staging models call these; nothing else touches a payload. -#}

{#-
    Current version of each Stripe object whose parsed row is missing or outdated, with all columns of the raw table and the number of its raw row. Only
    rows landed since the last build are looked at, and row ids are chosen before any payload is read. Where rows have been removed (make compact, or
    doubles after a crash) DuckDB numbers those behind them anew, at a checkpoint of its own choice: so the newest row parsed must still be where it was;
    else all rows are looked at, and those that have moved are parsed again.
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
            inner join {{ raw }} as same on parsed.raw_row_id = same.rowid and parsed.id = same.id and parsed.fetched_at = same.fetched_at
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
    -- said twice: once to group few rows, once to read the payloads of few
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
                and ((parsed.content_hash = raw_rows.content_hash and parsed.raw_row_id = raw_rows.rowid) or parsed.fetched_at > raw_rows.fetched_at)
        )
    {%- endif %}
{% endmacro %}

{#- A JSON text as a typed struct; keys that are absent, and values of another type, become null. -#}
{% macro parse_json(column, structure) %}{{ return(adapter.dispatch('parse_json')(column, structure)) }}{% endmacro %}
{% macro duckdb__parse_json(column, structure) %}from_json({{ column }}, '{{ structure | replace("\n", "") | replace("  ", "") }}'){% endmacro %}

{#- The id in an expandable field: the text itself, or the id of the object put in its place. -#}
{% macro expandable_id(json_column) %}{{ return(adapter.dispatch('expandable_id')(json_column)) }}{% endmacro %}
{% macro duckdb__expandable_id(json_column) -%}
    coalesce(json_extract_string({{ json_column }}, '$.id'), json_extract_string({{ json_column }}, '$'))
{%- endmacro %}

{#- The text at a JSON path such as $.metadata.department; the path may be a column. -#}
{% macro json_text(json_column, path) %}{{ return(adapter.dispatch('json_text')(json_column, path)) }}{% endmacro %}
{% macro duckdb__json_text(json_column, path) %}json_extract_string({{ json_column }}, {{ path }}){% endmacro %}

{#-
    One row per element of an array column: the columns in `keep`, the element as `element`, its place (from 1) as `position`.
-#}
{% macro unnest_rows(relation, keep, array, element, position) -%}
    {{ return(adapter.dispatch('unnest_rows')(relation, keep, array, element, position)) }}
{%- endmacro %}
{% macro duckdb__unnest_rows(relation, keep, array, element, position) %}
    select
        {{ keep | join(', ') }},
        unnest({{ array }}) as {{ element }},
        generate_subscripts({{ array }}, 1) as {{ position }}
    from {{ relation }}
{% endmacro %}

{#- One row per element of a JSON array inside a JSON column, as JSON. -#}
{% macro json_elements(relation, json_column, path, element) -%}
    {{ return(adapter.dispatch('json_elements')(relation, json_column, path, element)) }}
{%- endmacro %}
{% macro duckdb__json_elements(relation, json_column, path, element) -%}
    select unnest(json_extract({{ json_column }}, '{{ path }}')) as {{ element }} from {{ relation }}
{%- endmacro %}
