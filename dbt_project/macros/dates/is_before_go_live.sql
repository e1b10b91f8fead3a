{#- True for a date before var go_live_date (rule G1); false for every date when no go-live date is set. -#}
{% macro is_before_go_live(local_date) -%}
    {%- if var('go_live_date') is none -%}
    false
    {%- else -%}
    ({{ local_date }} < cast('{{ var("go_live_date") }}' as date))
    {%- endif -%}
{%- endmacro %}
