{{ config(materialized='table') }}

-- Up to which batch of parsed objects, and up to which row of the journal, what is kept takes everything into account. Comes after everything else,
-- and is what says that the build ended well.
{{ after_all_marts() }}
-- depends_on: {{ ref('scope_seen_inputs') }}
{%- for model in parsed_models() %}
select '{{ model }}' as input, coalesce(max(parse_batch), 0) as last_row, '{{ invocation_id }}' as build_id from {{ ref(model) }}
union all
{%- endfor %}
select 'load_log', coalesce(max({{ row_number_in('load_log') }}), -1), '{{ invocation_id }}' from {{ source('load_netsuite', 'load_log') }} as load_log
