{#- Stripe's epoch seconds as a timestamp in UTC. -#}
{% macro epoch_to_timestamp(seconds) %}{{ return(adapter.dispatch('epoch_to_timestamp')(seconds)) }}{% endmacro %}
{% macro duckdb__epoch_to_timestamp(seconds) %}make_timestamp(cast({{ seconds }} as bigint) * 1000000){% endmacro %}
{% macro default__epoch_to_timestamp(seconds) %}timestamp_seconds({{ seconds }}){% endmacro %}

{#- The calendar day of a UTC timestamp in var accounting_timezone (C3, L2, G1). -#}
{% macro accounting_date(timestamp_utc) %}{{ return(adapter.dispatch('accounting_date')(timestamp_utc)) }}{% endmacro %}
{% macro duckdb__accounting_date(timestamp_utc) -%}
    cast(timezone('{{ var("accounting_timezone") }}', timezone('UTC', {{ timestamp_utc }})) as date)
{%- endmacro %}
{% macro default__accounting_date(timestamp_utc) -%}
    cast(convert_timezone('UTC', '{{ var("accounting_timezone") }}', {{ timestamp_utc }}) as date)
{%- endmacro %}

{#- A null var as a typed null, any other value as a literal. -#}
{% macro var_text(name) -%}
    {%- if var(name) is none -%} cast(null as varchar) {%- else -%} '{{ var(name) | string | replace("'", "''") }}' {%- endif -%}
{%- endmacro %}

{#- True when a date lies before go-live (G1); never, when no go-live date is set. -#}
{% macro is_before_go_live(local_date) -%}
    {%- if var('go_live_date') is none -%} false {%- else -%} ({{ local_date }} < cast('{{ var("go_live_date") }}' as date)) {%- endif -%}
{%- endmacro %}
