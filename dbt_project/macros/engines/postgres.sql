{#- Postgres: every macro that is dispatched. What each takes and returns is said where it is declared. -#}

{#- ---------- types -#}

{% macro postgres__text() %}varchar{% endmacro %}

{% macro postgres__wide_integer(expression) %}cast({{ expression }} as numeric){% endmacro %}

{% macro postgres__wide_integer_type() %}numeric{% endmacro %}

{% macro postgres__fingerprint_type() %}bigint{% endmacro %}

{#- ---------- JSON: an object is a jsonb -#}

{#- jsonb refuses the escape of the null character, and no text of Postgres can hold it: it is left out. -#}
{% macro postgres__as_json(column) -%}
    cast(
        case
            when strpos({{ column }}, '\u0000') > 0
                then regexp_replace({{ column }}, '(?<!\\)((?:\\\\)*)\\u0000', '\1', 'g')
            else {{ column }}
        end as jsonb
    )
{%- endmacro %}

{% macro postgres__parse_json(column, structure) %}{{ postgres__as_json(column) }}{% endmacro %}

{#- A value of another type is null: a cast that fails would stop the build. -#}
{% macro postgres__field(path, type) -%}
    {%- set names = path.split('.') -%}
    {%- set keys = "'{" ~ names[1:] | join(',') ~ "}'" -%}
    {%- if type == 'json' -%}
        nullif({{ names[0] }} #> {{ keys }}, 'null')
    {%- elif type == 'text' -%}
        ({{ names[0] }} #>> {{ keys }})
    {%- elif type == 'boolean' -%}
        case {{ names[0] }} #>> {{ keys }} when 'true' then true when 'false' then false end
    {%- elif type == 'bigint' -%}
        cast(substring({{ names[0] }} #>> {{ keys }} from '^-?[0-9]{1,18}$') as bigint)
    {%- else -%}
        {%- set digits, decimals = modules.re.findall('[0-9]+', type) -%}
        cast(
            substring(
                {{ names[0] }} #>> {{ keys }} from '^-?[0-9]{1,{{ digits | int - decimals | int }}}(?:[.][0-9]*)?$'
            ) as {{ type }}
        )
    {%- endif -%}
{%- endmacro %}

{#- A path that is a literal is taken apart here, one that is a column in each row. -#}
{% macro postgres__json_text(json_column, path) -%}
    {%- if path.startswith("'") -%}
    ({{ json_column }} #>> '{{ postgres__keys(path[1:-1]) }}')
    {%- else -%}
    ({{ json_column }} #>> (
        select coalesce(array_agg(coalesce(step.parts[1], step.parts[2], step.parts[3]) order by step.number), '{}')
        from
            regexp_matches({{ path }}, '[.]"([^"]*)"|[.]([^.["]+)|\[([0-9]+)\]', 'g')
            with ordinality as step (parts, number)
    ))
    {%- endif -%}
{%- endmacro %}

{#- The keys of a path such as $.source.coupon.id, as the text of an array. -#}
{% macro postgres__keys(path) -%}
    {{ return('{' ~ path.replace('[*]', '').split('.')[1:] | join(',') ~ '}') }}
{%- endmacro %}

{% macro postgres__expandable_id(json_column) -%}
    coalesce({{ json_column }} ->> 'id', {{ json_column }} #>> '{}')
{%- endmacro %}

{% macro postgres__json_elements(relation, json_column, path, element) -%}
    {%- set array = json_column ~ " #> '" ~ postgres__keys(path) ~ "'" -%}
    select unnested.element as {{ element }}
    from {{ relation }}
    cross join lateral jsonb_array_elements({{ postgres__array(array) }}) as unnested (element)
{%- endmacro %}

{#- Null instead of what is no array. -#}
{% macro postgres__array(json) %}case when jsonb_typeof({{ json }}) = 'array' then {{ json }} end{% endmacro %}

{% macro postgres__unnest_rows(relation, keep, array, element, position) %}
    select
        {{ keep | join(', ') }},
        unnested.an_element as {{ element }},
        unnested.a_position as {{ position }}
    from {{ relation }}
    cross join lateral jsonb_array_elements(
        {{ postgres__array(array) }}
    ) with ordinality as unnested (an_element, a_position)
{% endmacro %}

{#- The copy of the raw rows numbers them as they come (warehouse/postgres.py). -#}
{% macro postgres__changed_objects(raw) %}
    {%- set is_landed_since -%}
        {%- if is_incremental() -%}
        landed_position > (select coalesce(max(parsed.raw_row_id), 0) from {{ this }} as parsed)
        {%- else -%}
        landed_position > 0
        {%- endif -%}
    {%- endset %}
    select
        raw_rows.*,
        raw_rows.landed_position as raw_row_id
    from {{ raw }} as raw_rows
    -- positions are chosen first, so that few payloads are read
    where raw_rows.landed_position in (
        select distinct on (versions.id) versions.landed_position
        from {{ raw }} as versions
        where versions.{{ is_landed_since }}
        order by versions.id, versions.fetched_at desc, versions.landed_position
    )
    {%- if is_incremental() %}
        and not exists (
            select 1 from {{ this }} as parsed
            where
                parsed.id = raw_rows.id
                and (
                    (parsed.content_hash = raw_rows.content_hash and parsed.raw_row_id = raw_rows.landed_position)
                    or parsed.fetched_at > raw_rows.fetched_at
                )
        )
    {%- endif %}
{% endmacro %}

{#- ---------- texts -#}

{% macro postgres__texts_joined(column, separator, order_by) -%}
    string_agg({{ column }}, '{{ separator }}' order by {{ order_by }})
{%- endmacro %}

{% macro postgres__ids_in_text(column) -%}
    (
        select string_agg(distinct found.parts[1], ', ' order by found.parts[1])
        from regexp_matches({{ column }}, '[^,;|\t\n\f\r ]+', 'g') as found (parts)
    )
{%- endmacro %}

{% macro postgres__names_stripe_id(column, kinds) -%}
    {{ column }} ~ '(^|[^A-Za-z0-9_])({{ kinds | join("|") }})_[A-Za-z0-9]'
{%- endmacro %}

{% macro postgres__sendable_text(column) -%}
    regexp_replace({{ column }}, '[\u0001-\u0008\u000B-\u001F\u007F-\u009F]', '', 'g')
{%- endmacro %}

{#-
    The graphemes that fit, one after the other; when not even the first does, as much as fits. The letter after the
    limit decides whether there is a boundary before it, so no more than that one is looked at.
-#}
{% macro postgres__cut_text(column, limit) -%}
    {%- set places -%}greatest({{ limit }}, 0){%- endset -%}
    case
        when length({{ column }}) <= {{ places }} then {{ column }}
        else coalesce(
            (
                select string_agg(fitting.grapheme, '' order by fitting.number)
                from (
                    select
                        found.parts[1] as grapheme,
                        found.number as number,
                        sum(length(found.parts[1])) over (order by found.number) as letters
                    from
                        regexp_matches(
                            substr({{ column }}, 1, {{ places }} + 1),
                            '{{ grapheme_pattern("\\U%08X") }}',
                            'g'
                        ) with ordinality as found (parts, number)
                ) as fitting
                where fitting.letters <= {{ places }}
            ),
            substr({{ column }}, 1, {{ places }})
        )
    end
{%- endmacro %}

{#-
    Damerau's distance, a row of its table a step; the table goes along as one array, of rows of length(other) + 1. It
    is costly, so texts of which more letters than at_most have no partner are not looked at.
-#}
{% macro postgres__edit_distance(text, other, at_most) -%}
    case
        when greatest(
            length(translate({{ text }}, {{ other }}, '')), length(translate({{ other }}, {{ text }}, ''))
        ) > {{ at_most }} then 1000000
        else (
            with recursive steps as (
                select
                    0 as step,
                    array(select generate_series(0, length({{ other }}))) as cells

                union all

                select
                    steps.step + 1 as step,
                    steps.cells || (
                        select array_agg(best.cell order by best.place)
                        from (
                            select
                                ways.place,
                                min(ways.way - ways.place) over (order by ways.place) + ways.place as cell
                            from (
                                select
                                    places.place,
                                    case when places.place = 0 then steps.step + 1 else least(
                                        steps.cells[steps.step * (length({{ other }}) + 1) + places.place + 1] + 1,
                                        steps.cells[steps.step * (length({{ other }}) + 1) + places.place]
                                        + case
                                            when substr({{ text }}, steps.step + 1, 1)
                                                = substr({{ other }}, places.place, 1) then 0
                                            else 1
                                        end,
                                        (
                                            select min(
                                                steps.cells[
                                                    (earlier.step - 1) * (length({{ other }}) + 1) + before.place
                                                ] + steps.step - earlier.step + places.place - before.place
                                            )
                                            from generate_series(1, steps.step) as earlier (step)
                                            cross join generate_series(1, places.place - 1) as before (place)
                                            where
                                                substr({{ text }}, earlier.step, 1)
                                                = substr({{ other }}, places.place, 1)
                                                and substr({{ other }}, before.place, 1)
                                                = substr({{ text }}, steps.step + 1, 1)
                                        )
                                    ) end as way
                                from generate_series(0, length({{ other }})) as places (place)
                            ) as ways
                        ) as best
                    ) as cells
                from steps
                where steps.step < length({{ text }})
            )

            select steps.cells[array_length(steps.cells, 1)] from steps where steps.step = length({{ text }})
        )
    end
{%- endmacro %}

{#- ---------- numbers -#}

{#- div() cuts towards zero, without a fraction in between. -#}
{% macro postgres__floor_divide(numerator, denominator) -%}
    (div({{ wide_integer(numerator) }}, {{ wide_integer(denominator) }})
    - case when mod({{ wide_integer(numerator) }}, {{ wide_integer(denominator) }}) < 0 then 1 else 0 end)
{%- endmacro %}

{% macro postgres__replayed_credits(movements, recursion) %}{{ recursion }}{% endmacro %}

{#- ---------- dates -#}

{% macro postgres__epoch_to_timestamp(seconds) -%}
    (cast('1970-01-01' as timestamp) + cast({{ seconds }} as bigint) * interval '1 second')
{%- endmacro %}

{% macro postgres__accounting_date(timestamp_utc) -%}
    cast(timezone('{{ var("accounting_timezone") }}', timezone('UTC', {{ timestamp_utc }})) as date)
{%- endmacro %}

{% macro postgres__accounting_date_of_instant(instant) -%}
    cast(timezone('{{ var("accounting_timezone") }}', {{ instant }}) as date)
{%- endmacro %}

{% macro postgres__accounting_month(local_date) -%}
    cast(date_trunc('month', cast({{ local_date }} as timestamp)) as date)
{%- endmacro %}

{% macro postgres__days_between(from_date, to_date) -%}
    (cast({{ to_date }} as date) - cast({{ from_date }} as date))
{%- endmacro %}

{#- ---------- mapping files -#}

{#- A seed is loaded into an empty table, row after row: block and place in it. -#}
{% macro postgres__seed_line_number() -%}
    cast((cast(cast(ctid as text) as point))[0] * 1000 + (cast(cast(ctid as text) as point))[1] as bigint)
{%- endmacro %}

{#- ---------- scope -#}

{% macro postgres__rebuilds_all() %}{{ return(false) }}{% endmacro %}

{#- As the text of a row: it tells null and empty apart, and where one value ends. -#}
{% macro postgres__fingerprint(expressions) -%}
    hashtextextended(cast(row({{ expressions | join(', ') }}) as text), 0)
{%- endmacro %}

{% macro postgres__whole_row(relation) %}{{ relation }}{% endmacro %}

{% macro postgres__reached(name, start, edges) -%}
    select customer_key from {{ start }}
    union
    select reached.customer_key
    from {{ name }}
    inner join {{ edges }} on {{ name }}.customer_key = {{ edges }}.customer_key
    inner join {{ edges }} as reached on {{ edges }}.name = reached.name
{%- endmacro %}

{% macro postgres__view_texts() -%}
    select
        schemaname || '.' || viewname as view_name,
        md5(definition) as view_text
    from pg_catalog.pg_views
    where schemaname not in ('pg_catalog', 'information_schema')
{%- endmacro %}

{% macro postgres__columns_of_schemas(schemas) -%}
    select
        table_schema as schema_name,
        table_name,
        column_name,
        ordinal_position as position,
        data_type
    from information_schema.columns
    where table_schema in ('{{ schemas | join("', '") }}')
{%- endmacro %}

{#- ---------- relations -#}

{#-
    A table keeps its identity while its columns stay: what is dropped takes the views over it along, and readers would
    miss marts until they are made again.
-#}
{% macro postgres__replace_table(existing, relation, sql) -%}
    {%- if existing is not none and existing.is_table and postgres__has_columns_of(relation, sql) -%}
        truncate {{ relation }};
        insert into {{ relation }} {{ sql }};
    {%- else -%}
        {%- if existing is not none -%}{%- do adapter.drop_relation(existing) -%}{%- endif -%}
        {{ create_table_as(False, relation, sql) }}
    {%- endif %}
    analyze {{ relation }}
{%- endmacro %}

{% macro postgres__replace_view(existing, relation, sql) -%}
    {%- if existing is not none and existing.is_view and postgres__has_columns_of(relation, sql) -%}
        {{ create_view_as(relation, sql) | replace('create view ', 'create or replace view ', 1) }}
    {%- else -%}
        {%- if existing is not none -%}{%- do adapter.drop_relation(existing) -%}{%- endif -%}
        {{ create_view_as(relation, sql) }}
    {%- endif -%}
{%- endmacro %}

{#- Whether a query has the columns of a relation: the same names and types in the same order. -#}
{% macro postgres__has_columns_of(relation, sql) -%}
    {%- set columns -%}
        select string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' order by attnum)
        from pg_catalog.pg_attribute where attnum > 0 and not attisdropped and attrelid = cast(
    {%- endset -%}
    {%- set compared -%}
        create temporary view "columns_of_{{ relation.identifier }}" as {{ sql }};
        select
            ({{ columns }} 'pg_temp."columns_of_{{ relation.identifier }}"' as regclass))
            = ({{ columns }} '{{ relation }}' as regclass)) as is_same
    {%- endset -%}
    {%- set is_same = run_query(compared).columns[0].values()[0] -%}
    {%- do run_query('drop view pg_temp."columns_of_' ~ relation.identifier ~ '"') -%}
    {{ return(is_same) }}
{%- endmacro %}

{% macro postgres__make_books(existing, relation, sql) -%}
    {{ postgres__replace_table(existing, relation, sql) }}
{%- endmacro %}

{% macro postgres__replace_rows(relation, is_replaced, sql) -%}
    {%- set columns = adapter.get_columns_in_relation(relation) | map(attribute='quoted') | join(', ') -%}
    delete from {{ relation }} where {{ is_replaced }};
    insert into {{ relation }} ({{ columns }}) select {{ columns }} from ({{ sql }}) as derived;
    analyze {{ relation }}
{%- endmacro %}
