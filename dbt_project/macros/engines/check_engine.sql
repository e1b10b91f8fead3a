{#-
    on-run-start, and so whenever dbt parses: the engine has its own version of every macro that is dispatched. Each
    engine has one file in this folder, which holds all of them. No engine takes the macros of another, not even of one
    that it is built on: what was never executed is wrong unseen.

    Raises a compiler error that names the engine, the missing macros and docs/engines.md.
-#}
{% macro check_engine() -%}
    {%- set missing = [] -%}
    {%- for thing in context.values() if thing.macro is defined and thing.macro.package_name == project_name -%}
        {%- for name in modules.re.findall("adapter[.]dispatch[(]'([a-z_]+)'[)]", thing.macro.macro_sql) -%}
            {%- if context.get(target.type ~ '__' ~ name) is none -%}
                {%- do missing.append(target.type ~ '__' ~ name) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if missing -%}
        {{ exceptions.raise_compiler_error(
            "The models do not run on " ~ target.type ~ " yet: macros/engines/" ~ target.type ~ ".sql lacks "
            ~ missing | unique | sort | join(', ') ~ ". docs/engines.md says how to add an engine."
        ) }}
    {%- endif -%}
{%- endmacro %}
