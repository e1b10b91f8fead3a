{#-
    Stands before every dispatch: the engine has a macro of its own. Each engine has one file in this folder, which
    holds all of them. No engine takes the macros of another, not even of one that it is built on: what was never
    executed is wrong unseen. So an engine without its file fails when dbt parses the project.

    name    name of the macro without the engine
    Raises a compiler error that names the engine, the macro and docs/engines.md.
-#}
{% macro of_engine(name) -%}
    {%- if context.get(target.type ~ '__' ~ name) is none -%}
        {{ exceptions.raise_compiler_error(
            "The models do not run on " ~ target.type ~ " yet: macros/engines/" ~ target.type ~ ".sql has no macro "
            ~ target.type ~ "__" ~ name ~ ". docs/engines.md says which engines there are and how to add one."
        ) }}
    {%- endif -%}
{%- endmacro %}
