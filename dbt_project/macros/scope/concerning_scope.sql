{#-
    Body of a staging model of the build: the rows of an input that carry a name of a customer in scope. A rule sees
    these rows and no others, and a customer's fingerprint is over just these rows; so what a rule sees cannot change
    without the customer becoming stale.

    input      the source, seed or parsed model; its `names` are declared in its meta
    names      relation with the names of the customers in scope
-#}
{% macro concerning_scope(input, names) -%}
    {%- set found = namespace(names={}) -%}
    {%- if execute -%}
        {%- for node in build_inputs() if node.relation == input | string -%}
            {%- set found.names = node.names -%}
        {%- endfor -%}
        {%- if not found.names -%}
            {{ exceptions.raise_compiler_error(
                input ~ " has no `names` in its meta, so it concerns every customer: read it as it is."
            ) }}
        {%- endif -%}
    {%- endif -%}
    select input_rows.*
    from {{ input }} as input_rows
    where
        {%- for column, kind in found.names.items() %}
        {% if not loop.first %}or {% endif -%}
        {{ name_key(kind, 'input_rows.' ~ column) }} in (select names.name from {{ names }} as names)
        {%- if kind == 'external_id' %}
        or {{ name_key(kind, external_id_base('input_rows.' ~ column)) }} in (
            select names.name from {{ names }} as names
        )
        {%- endif %}
        {%- else %} true
        {%- endfor %}
{%- endmacro %}
