{#- Fingerprint of a row of an input: of the whole row, or of the columns that say which version of it this is. -#}
{% macro row_version(input) -%}
    {%- set version = input.version or [whole_row('input_row')] -%}
    cast({{ fingerprint(["'" ~ input.id ~ "'"] + version) }} as {{ wide_integer_type() }})
{%- endmacro %}
