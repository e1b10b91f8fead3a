{{ config(materialized='table') }}

-- Up to which batch of parsed objects, and up to which row of the journal, what is kept takes everything into account. Comes after everything else.
{{ after_all_marts() }}
{%- for model in parsed_models() %}
select '{{ model }}' as input, coalesce(max(parse_batch), 0) as last_row from {{ ref(model) }}
union all
{%- endfor %}
select 'load_log', coalesce(max({{ row_number_in('load_log') }}), -1) from {{ source('load_netsuite', 'load_log') }} as load_log
