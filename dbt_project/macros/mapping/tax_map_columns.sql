{#- Rules L8, L5: the columns of tax_map.csv that a tax rate needs under the vars.
    tax_strategy none needs no row at all. -#}
{% macro tax_map_columns() -%}
    {%- if var('line_amount_basis') == 'gross' -%}
        {{ return(['netsuite_tax_code_id']) }}
    {%- elif var('tax_strategy') == 'suitetax_override' -%}
        {{ return(['netsuite_tax_code_id', 'netsuite_tax_type_id']) }}
    {%- endif -%}
    {{ return(['netsuite_item_id']) }}
{%- endmacro %}
