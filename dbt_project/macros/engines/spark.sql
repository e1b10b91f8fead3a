{#-
    Spark 4, with spark.sql.ansi.enabled: every macro that is dispatched. What each takes and returns is said where it
    is declared. A text in quotes has backslashes as escapes here, so patterns are raw texts (r'...').
-#}

{#- ---------- types -#}

{% macro spark__text() %}string{% endmacro %}

{% macro spark__wide_integer(expression) %}cast({{ expression }} as decimal(38, 0)){% endmacro %}

{% macro spark__wide_integer_type() %}decimal(38, 0){% endmacro %}

{% macro spark__fingerprint_type() %}bigint{% endmacro %}

{#- ---------- JSON: an object is a struct whose fields are texts, structs and arrays; other JSON is its text -#}

{% macro spark__as_json(column) %}{{ column }}{% endmacro %}

{% macro spark__parse_json(column, structure) -%}
    from_json({{ column }}, '{{ spark__type_of(fromjson(structure)) }}')
{%- endmacro %}

{#-
    A field is a text, which macro field casts, since Spark takes no "12" for an integer. A decimal is one, since it
    would be rounded on its way to a text.
-#}
{% macro spark__type_of(structure) -%}
    {%- if structure is mapping -%}
        {%- set fields = [] -%}
        {%- for name, inner in structure.items() -%}
            {%- do fields.append('`' ~ name ~ '`: ' ~ spark__type_of(inner)) -%}
        {%- endfor -%}
        {{ return('struct<' ~ fields | join(', ') ~ '>') }}
    {%- elif structure is string -%}
        {{ return(structure if structure.startswith('DECIMAL') else 'string') }}
    {%- endif -%}
    {{ return('array<' ~ spark__type_of(structure[0]) ~ '>') }}
{%- endmacro %}

{#- A value of another type is null: a cast that fails would stop the build. -#}
{% macro spark__field(path, type) -%}
    {%- if type in ('json', 'text') -%}
        {{ path }}
    {%- elif type == 'boolean' -%}
        case {{ path }} when 'true' then true when 'false' then false end
    {%- else -%}
        try_cast({{ path }} as {{ type }})
    {%- endif -%}
{%- endmacro %}

{#- A path that is a column may end in a key in quotes, which can hold any letter. -#}
{% macro spark__json_text(json_column, path) -%}
    {%- if path.startswith("'") -%}
    get_json_object({{ json_column }}, {{ path }})
    {%- else -%}
    case
        when {{ path }} like '%"' then try_element_at(
            from_json(get_json_object({{ json_column }}, substring_index({{ path }}, '."', 1)), 'map<string, string>'),
            substr({{ path }}, length(substring_index({{ path }}, '."', 1)) + 3,
                length({{ path }}) - length(substring_index({{ path }}, '."', 1)) - 3)
        )
        else get_json_object({{ json_column }}, {{ path }})
    end
    {%- endif -%}
{%- endmacro %}

{% macro spark__expandable_id(json_column) -%}
    coalesce(get_json_object({{ json_column }}, '$.id'), {{ json_column }})
{%- endmacro %}

{% macro spark__json_elements(relation, json_column, path, element) -%}
    select unnested.{{ element }}
    from {{ relation }}
    lateral view explode(
        from_json(get_json_object({{ json_column }}, '{{ path | replace("[*]", "") }}'), 'array<string>')
    ) unnested as {{ element }}
{%- endmacro %}

{% macro spark__unnest_rows(relation, keep, array, element, position) %}
    select
        {{ keep | join(', ') }},
        unnested.{{ element }},
        unnested.place_from_zero + 1 as {{ position }}
    from {{ relation }}
    lateral view posexplode({{ array }}) unnested as place_from_zero, {{ element }}
{% endmacro %}

{#- The copy of the raw rows numbers them as they were landed. -#}
{% macro spark__changed_objects(raw) %}
    select
        raw_rows.*,
        raw_rows.landed_position as raw_row_id
    from {{ raw }} as raw_rows
    -- positions are chosen first, so that no payload of an older version is read
    where raw_rows.landed_position in (
        select max_by(versions.landed_position, struct(versions.fetched_at, -versions.landed_position))
        from {{ raw }} as versions
        group by versions.id
    )
{% endmacro %}

{#- ---------- texts -#}

{% macro spark__texts_joined(column, separator, order_by) -%}
    listagg({{ column }}, '{{ separator }}') within group (order by {{ order_by }})
{%- endmacro %}

{% macro spark__ids_in_text(column) -%}
    nullif(array_join(array_sort(array_distinct(
        regexp_extract_all({{ column }}, r'[^,;|\t\n\f\r ]+', 0)
    )), ', '), '')
{%- endmacro %}

{% macro spark__names_stripe_id(column, kinds) -%}
    {{ column }} rlike '(^|[^A-Za-z0-9_])({{ kinds | join("|") }})_[A-Za-z0-9]'
{%- endmacro %}

{% macro spark__sendable_text(column) -%}
    regexp_replace({{ column }}, r'[\x00-\x08\x0B-\x1F\x7F-\x9F]', '')
{%- endmacro %}

{#-
    The graphemes that fit, one after the other; when not even the first does, as much as fits. The letter after the
    limit decides whether there is a boundary before it, so no more than that one is looked at.
-#}
{% macro spark__cut_text(column, limit) -%}
    {%- set places -%}greatest({{ limit }}, 0){%- endset -%}
    case
        when length({{ column }}) <= {{ places }} then {{ column }}
        else coalesce(
            aggregate(
                regexp_extract_all(
                    substr({{ column }}, 1, {{ places }} + 1), r'{{ grapheme_pattern("\\x{%X}") }}', 0
                ),
                named_struct('kept', '', 'letters', 0),
                (so_far, grapheme) -> named_struct(
                    'kept', case
                        when so_far.letters + length(grapheme) <= {{ places }} then so_far.kept || grapheme
                        else so_far.kept
                    end,
                    'letters', so_far.letters + length(grapheme)
                ),
                so_far -> nullif(so_far.kept, '')
            ),
            substr({{ column }}, 1, {{ places }})
        )
    end
{%- endmacro %}

{#-
    Damerau's distance, a row of its table a step; the table goes along as one array, of rows of length(other) + 1. It
    is costly, so texts that are far apart are not looked at: a swap of two letters counts two in levenshtein.
-#}
{% macro spark__edit_distance(text, other, at_most) -%}
    case
        when length({{ text }}) = 0 or length({{ other }}) = 0 then length({{ text }}) + length({{ other }})
        when levenshtein({{ text }}, {{ other }}) > 2 * {{ at_most }} then 1000000
        else aggregate(
            sequence(1, length({{ text }})),
            sequence(0, length({{ other }})),
            (cells, step) -> concat(cells, aggregate(
                sequence(1, length({{ other }})),
                array(step),
                (line, place) -> array_append(line, least(
                    line[place - 1] + 1,
                    cells[(step - 1) * (length({{ other }}) + 1) + place] + 1,
                    cells[(step - 1) * (length({{ other }}) + 1) + place - 1]
                    + case when substr({{ text }}, step, 1) = substr({{ other }}, place, 1) then 0 else 1 end,
                    array_min(flatten(transform(
                        sequence(1, step),
                        earlier -> transform(
                            sequence(1, place),
                            before -> case
                                when
                                    earlier < step
                                    and before < place
                                    and substr({{ text }}, earlier, 1) = substr({{ other }}, place, 1)
                                    and substr({{ other }}, before, 1) = substr({{ text }}, step, 1)
                                    then cells[(earlier - 1) * (length({{ other }}) + 1) + before - 1]
                                    + step - earlier + place - before - 1
                            end
                        )
                    )))
                ))
            )),
            cells -> element_at(cells, -1)
        )
    end
{%- endmacro %}

{#- ---------- numbers -#}

{#- An exact multiple is divided, so nothing is rounded. A quotient of more than 32 digits is an error. -#}
{% macro spark__floor_divide(numerator, denominator) -%}
    {%- set dividend, divisor = wide_integer(numerator), wide_integer(denominator) -%}
    cast(({{ dividend }} - pmod({{ dividend }}, {{ divisor }})) / {{ divisor }} as decimal(38, 0))
{%- endmacro %}

{#-
    Spark refuses windows in a recursion, so each ledger is an array that is gone through. Its steps are those of the
    model. `held` is in the order in which credit is taken; `gone` are pieces that can come back no more.
-#}
{% macro spark__replayed_credits(movements, recursion) -%}
    {%- set pieces = 'array<struct<credit_position: bigint, taken_at: bigint, document_id: string, '
        ~ 'last_give_back: bigint, amount_minor: bigint>>' -%}
    {%- set debt = 'element_at(state.held, 1).amount_minor' -%}
    select
        stripe_customer_id,
        currency,
        greatest(piece.taken_at, piece.last_give_back) as chain_position,
        piece.credit_position,
        piece.document_id,
        piece.taken_at,
        piece.last_give_back,
        piece.amount_minor
    from (
        select
            stripe_customer_id,
            currency,
            aggregate(
                array_sort(collect_list(struct(
                    chain_position, takes, taken_minor, added_minor, document_id, last_give_back
                ))),
                named_struct(
                    'held', cast(array(struct(0, 0, cast(null as string), 0, 0)) as {{ pieces }}),
                    'gone', cast(array() as {{ pieces }})
                ),
                (state, movement) -> transform(
                    array(transform(
                        state.held,
                        (piece, place) -> named_struct('piece', piece, 'out_minor', case
                            when piece.credit_position = 0 then 0
                            when movement.takes and piece.document_id is null
                                then greatest(least(piece.amount_minor, movement.taken_minor - {{ spark__sum_of(
                                    'filter(slice(state.held, 1, place), each -> each.credit_position > 0
                                        and each.document_id is null)', 'amount_minor'
                                ) }}), 0)
                            -- what was taken last comes back first
                            when not movement.takes and piece.document_id = movement.document_id
                                then greatest(least(piece.amount_minor, movement.added_minor - {{ spark__sum_of(
                                    'filter(state.held, (each, other) -> each.document_id = movement.document_id
                                        and struct(each.taken_at, each.credit_position, other)
                                        > struct(piece.taken_at, piece.credit_position, place))', 'amount_minor'
                                ) }}), 0)
                            else 0
                        end)
                    )),
                    measured -> transform(
                        array(array_sort(filter(
                            flatten(transform(measured, (each, place) -> array(
                                named_struct(
                                    'credit_position', each.piece.credit_position,
                                    'taken_at', each.piece.taken_at,
                                    'document_id', each.piece.document_id,
                                    'last_give_back', each.piece.last_give_back,
                                    'amount_minor', case
                                        when each.piece.credit_position = 0 and movement.takes
                                            then greatest({{ debt }} + movement.taken_minor - {{ spark__sum_of(
                                                'filter(state.held, piece -> piece.credit_position > 0
                                                    and piece.document_id is null)', 'amount_minor'
                                            ) }}, 0)
                                        when each.piece.credit_position = 0
                                            then greatest({{ debt }} - movement.added_minor, 0)
                                        else each.piece.amount_minor - each.out_minor
                                    end
                                ),
                                named_struct(
                                    'credit_position', case
                                        when each.piece.credit_position = 0 then movement.chain_position
                                        else each.piece.credit_position
                                    end,
                                    'taken_at', case when movement.takes then movement.chain_position else 0 end,
                                    'document_id', case
                                        when movement.takes and each.piece.credit_position > 0
                                            then movement.document_id
                                    end,
                                    'last_give_back', case
                                        when movement.takes then movement.last_give_back else 0
                                    end,
                                    'amount_minor', case
                                        when each.piece.credit_position = 0 and movement.takes
                                            then movement.added_minor - greatest({{ debt }}, 0)
                                        when each.piece.credit_position = 0
                                            then movement.added_minor
                                            - {{ spark__sum_of('measured', 'out_minor') }}
                                            - greatest({{ debt }} - {{ spark__sum_of('measured', 'out_minor') }}, 0)
                                        when movement.takes and movement.document_id is null then 0
                                        when movement.takes then each.out_minor
                                        else each.out_minor - greatest(least(
                                            each.out_minor,
                                            {{ debt }} - {{ spark__sum_of('slice(measured, 1, place)', 'out_minor') }}
                                        ), 0)
                                    end
                                )
                            ))),
                            piece -> piece.amount_minor > 0 or piece.credit_position = 0
                        ))),
                        replayed -> named_struct(
                            'held', filter(replayed, piece ->
                                piece.document_id is null or piece.last_give_back > movement.chain_position),
                            'gone', concat(state.gone, filter(replayed, piece ->
                                piece.document_id is not null and piece.last_give_back <= movement.chain_position))
                        )
                    )[0]
                )[0],
                state -> state.gone
            ) as pieces
        from {{ movements }}
        group by stripe_customer_id, currency
    ) as ledgers
    lateral view explode(pieces) exploded as piece
{%- endmacro %}

{#- The sum of a field over an array of structs. -#}
{% macro spark__sum_of(array, field) -%}
    aggregate({{ array }}, cast(0 as bigint), (total, summand) -> total + summand.{{ field }})
{%- endmacro %}

{#- ---------- dates: the session is in UTC, a timestamp has no time zone (TIMESTAMP_NTZ), an instant has one -#}

{% macro spark__epoch_to_timestamp(seconds) -%}
    cast(timestamp_seconds(cast({{ seconds }} as bigint)) as timestamp_ntz)
{%- endmacro %}

{% macro spark__accounting_date(timestamp_utc) -%}
    cast(convert_timezone('UTC', '{{ var("accounting_timezone") }}', {{ timestamp_utc }}) as date)
{%- endmacro %}

{% macro spark__accounting_date_of_instant(instant) -%}
    cast(convert_timezone('UTC', '{{ var("accounting_timezone") }}', cast({{ instant }} as timestamp_ntz)) as date)
{%- endmacro %}

{% macro spark__accounting_month(local_date) %}trunc({{ local_date }}, 'MM'){% endmacro %}

{% macro spark__days_between(from_date, to_date) %}date_diff({{ to_date }}, {{ from_date }}){% endmacro %}

{#- ---------- mapping files -#}

{#- A table has no order of its own, so the seeds have a column for it. -#}
{% macro spark__seed_line_number() %}csv_line{% endmacro %}

{#- dbt calls these two. dbt-spark's own would write an empty cell as the text None. All cells are texts. -#}
{% macro spark__create_csv_table(model, agate_table) %}
    {%- set columns -%}
        csv_line bigint{% for name in agate_table.column_names %}, {{ adapter.quote(name) }} string{% endfor %}
    {%- endset -%}
    {%- call statement('_') -%}create table {{ this.render() }} ({{ columns }}) using parquet{%- endcall -%}
    {{ return('') }}
{% endmacro %}

{% macro spark__load_csv_rows(model, agate_table) %}
    {%- set lines = [] -%}
    {%- for row in agate_table.rows -%}
        {%- set cells = [loop.index] -%}
        {%- for cell in row -%}
            {%- do cells.append('null' if cell is none else spark__text_literal(cell | string)) -%}
        {%- endfor -%}
        {%- do lines.append('(' ~ cells | join(', ') ~ ')') -%}
    {%- endfor -%}
    {%- set sql -%}insert into {{ this.render() }} values {{ lines | join(', ') }}{%- endset -%}
    {%- do adapter.add_query(sql, abridge_sql_log=True) -%}
    {{ return(sql) }}
{% endmacro %}

{% macro spark__text_literal(text) -%}
    {{ return("'" ~ text | replace("\\", "\\\\") | replace("'", "\\'") ~ "'") }}
{%- endmacro %}

{#- ---------- scope -#}

{#- A table takes no deletes of rows: this needs a format such as Delta or Iceberg, which no build has run with. -#}
{% macro spark__rebuilds_all() %}{{ return(true) }}{% endmacro %}

{#- As JSON: it tells null and empty apart, and where one value ends. -#}
{% macro spark__fingerprint(expressions) %}xxhash64(to_json(struct({{ expressions | join(', ') }}))){% endmacro %}

{% macro spark__whole_row(relation) %}struct({{ relation }}.*){% endmacro %}

{#- Every customer is one of the start, since a build derives all anew. -#}
{% macro spark__reached(name, start, edges) %}select customer_key from {{ start }}{% endmacro %}

{#- ---------- relations -#}

{#- A reader may find no table while it is made anew. -#}
{% macro spark__replace_table(existing, relation, sql) -%}
    {%- if existing is not none -%}{%- do adapter.drop_relation(existing) -%}{%- endif -%}
    {{ create_table_as(False, relation, sql) }}
{%- endmacro %}

{% macro spark__make_books(existing, relation, sql) -%}
    {{ spark__replace_table(existing, relation, sql) }}
{%- endmacro %}

{#-
    To look through a mart takes seconds, so that is done once: columns are taken by the names of the contract, and the
    view that was made says of which types they are. dbt-spark's own looks through it four times.
-#}
{% macro spark__replace_view(existing, relation, sql) -%}
    {%- if existing is not none and not existing.is_view -%}{%- do adapter.drop_relation(existing) -%}{%- endif -%}
    {%- set names = model.columns.keys() | list if config.get('contract').enforced else [] -%}
    {%- set create -%}
        create or replace view {{ relation }}
        {% if names -%}
        (
            {%- for name in names %}
            {{ adapter.quote(name) }} comment {{ spark__text_literal(model.columns[name].description) }}
            {%- if not loop.last %},{% endif %}
            {%- endfor %}
        )
        {%- endif %}
        {% if config.persist_relation_docs() %}comment {{ spark__text_literal(model.description) }}{% endif %}
        as {% if names -%}
        select `{{ names | join('`, `') }}` from (
            {{ sql }}
        ) as mart
        {%- else -%}
        {{ sql }}
        {%- endif -%}
    {%- endset -%}
    {%- if names -%}
        {%- do run_query(create) -%}
        {%- do spark__require_types_of_contract(relation) -%}
        select 1
    {%- else -%}
        {{ create }}
    {%- endif -%}
{%- endmacro %}

{#- Raises dbt's error of a broken contract. -#}
{% macro spark__require_types_of_contract(relation) -%}
    {%- set types = {'varchar': 'string', 'integer': 'int', 'timestamp': 'timestamp_ntz',
        'timestamp with time zone': 'timestamp'} -%}
    {%- set promised, found = [], [] -%}
    {%- for column in model.columns.values() -%}
        {%- set type = types.get(column.data_type, column.data_type.replace(' ', '')) -%}
        {%- do promised.append({'name': column.name, 'data_type': type, 'formatted': column.name ~ ' ' ~ type}) -%}
    {%- endfor -%}
    {%- for row in run_query('describe table ' ~ relation).rows -%}
        {%- do found.append({'name': row[0], 'data_type': row[1], 'formatted': row[0] ~ ' ' ~ row[1]}) -%}
    {%- endfor -%}
    {%- if promised != found -%}{%- do exceptions.raise_contract_error(promised, found) -%}{%- endif -%}
{%- endmacro %}

{#- dbt calls it. Relations have their comments from the statement that made them; columns of tables have none. -#}
{% macro spark__persist_docs(relation, model, for_relation, for_columns) %}{% endmacro %}

{#- dbt-spark's own would delete rows of the table. -#}
{% materialization incremental, adapter='spark' %}
    {{ return(replace_relation('table')) }}
{% endmaterialization %}
