{#-
    Stops unless the engine has a macro of its own. Each engine has one file in this folder, which holds all of them. So
    an engine without its file fails when dbt parses the project. No engine takes the macros of another, not even of one
    that it is built on (what was never executed is wrong unseen): macro `text`, which every model uses, asks too.

    name         name of the macro without the engine
    arguments    what it was called with
    Raises a compiler error that names the engine, the macro and docs/engines.md.
-#}
{% macro of_engine(name, arguments=none) -%}
    {%- if context.get(target.type ~ '__' ~ name) is none -%}
        {{ exceptions.raise_compiler_error(
            "The models do not run on " ~ target.type ~ " yet: macros/engines/" ~ target.type ~ ".sql has no macro "
            ~ target.type ~ "__" ~ name ~ ". docs/engines.md says which engines there are and how to add one."
        ) }}
    {%- endif -%}
{%- endmacro %}
