{#- The rows of a mapping file with line_number: the header is line 1 and each row one line. -#}
{% macro mapping_rows(file) -%}
    select
        numbered.*,
        cast(seed_line - min(seed_line) over () + 2 as integer) as line_number
    from (select seed.*, {{ seed_line_number() }} as seed_line from {{ ref(file) }} as seed) as numbered
{%- endmacro %}
