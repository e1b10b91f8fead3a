{#-
    A field of an object that parse_json made, or of an element of its arrays. Null when it is absent.

    path    name of the column and the names down to the field, such as note.shipping_cost.amount_tax
    type    what the structure of parse_json says of it: text, bigint (of at most 18 digits), boolean, a decimal such as
            decimal(22, 10), or json; an array is json too
-#}
{% macro field(path, type='text') -%}
    {{ return(adapter.dispatch('field')(path, type)) }}
{%- endmacro %}
