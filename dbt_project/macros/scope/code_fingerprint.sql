{#-
    Fingerprint of what is no table: all models and macros of the project, what is declared of the inputs, and every
    var that the code can read.

    inputs    what build_inputs returns
    Returns an SQL expression of wide_integer_type.
-#}
{% macro code_fingerprint(inputs) -%}
    {%- set nodes = graph.nodes.values() if execute else [] -%}
    {%- set parts = code_parts(nodes | selectattr('resource_type', 'equalto', 'model') | list) -%}
    {%- for input in inputs -%}
        {%- do parts.append([input.id, input.names, input.customer_key, input.version, input.concerns_all] | string) -%}
    {%- endfor -%}
    cast({{ fingerprint(["'" ~ local_md5(parts | sort | join('|')) ~ "'"]) }} as {{ wide_integer_type() }})
{%- endmacro %}

{#-
    One text for each of these models, each macro of the project and each var that they name. Vars are found by their
    names in the code, so that a new one
    cannot be left out.
-#}
{% macro code_parts(models) -%}
    {%- set parts, code = [], [] -%}
    {%- for node in models -%}
        {%- do parts.append(node.name ~ node.checksum.checksum ~ node.config.materialized) -%}
        {%- do code.append(node.raw_code) -%}
    {%- endfor -%}
    {%- for name, thing in context.items() if thing.macro is defined and thing.macro.package_name == project_name -%}
        {%- do parts.append(name ~ local_md5(thing.macro.macro_sql)) -%}
        {%- do code.append(thing.macro.macro_sql) -%}
    {%- endfor -%}
    {%- for name in modules.re.findall("['\"]([A-Za-z0-9_]+)['\"]", code | join(' ')) | unique -%}
        {%- do parts.append(name ~ '=' ~ var(name, none)) -%}
    {%- endfor -%}
    {{ return(parts) }}
{%- endmacro %}
