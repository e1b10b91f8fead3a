"""The SQL of models, data tests and macros is what every engine has; what only one has stands in macros/engines.

dbt transpiles nothing, so the text itself has to be common. It is searched for the words of one engine, and the
compiled models are looked through for what a search cannot see: fields of structs, tables without a name, recursion by
`union`. Outside staging every compiled model is also parsed as DuckDB's SQL and transpiled: a construct that sqlglot
cannot express in a dialect is a failure. `make engines` runs it all on Postgres.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import sqlglot
import yaml
from sqlglot import ErrorLevel, exp

from tests.support import warehouse as testing

DIALECTS = ("postgres", "spark", "snowflake", "bigquery")
FOLDERS = (
    "reference",
    *(f"build/{chapter}" for chapter in ("identity", "balance", "credit_notes", "lines", "findings", "documents")),
    "marts",
)
MODELS = sorted(path.stem for folder in FOLDERS for path in (testing.PROJECT / "models" / folder).rglob("*.sql"))

# DuckDB's own function -> the dispatched macro it comes from
FUNCTIONS_OF_MACROS = {
    "timezone": "accounting_date",
    "hash": "fingerprint",
    "length_grapheme": "cut_text",
    "left_grapheme": "cut_text",
}
# type that only DuckDB has -> the dispatched macro it comes from
TYPES_OF_MACROS = {"INT128": "wide_integer"}
# types that every engine has under some name
PLAIN_TYPES = {
    "TEXT",
    "VARCHAR",
    "BIGINT",
    "INT",
    "DATE",
    "BOOLEAN",
    "DECIMAL",
    "TIMESTAMP",
    "TIMESTAMPNTZ",
    "TIMESTAMPTZ",
}

# A model must not spell these itself: JSON and arrays belong to the parsed models, the rest to macros.
#: Words and signs that one engine has, or that engines understand otherwise (rtrim: Spark takes the letters first).
ENGINE_WORDS = re.compile(
    r"//|::|\"|\binto\s+\S+\s+by\s+name\b|\bcreate\s+or\s+replace\b|"
    r"\b(?:varchar|string_agg|hugeint|rowid|ctid|json\w*|unnest|struct\w*|list_\w+|array_\w+|epoch\w*|make_timestamp|"
    r"strftime|strptime|regexp\w*|qualify|exclude|arg_max|arg_min|any_value|timezone|date_diff|date_trunc|ilike|asof|"
    r"pivot|try_cast|rtrim|ltrim)\b|(?<![\w'])\[(?=\d)",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def compiled(empty_world) -> dict[str, str]:
    """Compiled SQL per model."""
    selection = [f"path:models/{folder}" for folder in FOLDERS]
    testing.run_dbt(["compile", "--select", *selection], empty_world.project, empty_world.warehouse)
    root = empty_world.project / "target" / "compiled"
    return {
        path.stem: path.read_text()
        for path in root.rglob("*.sql")
        if any(f"{os.sep}{f}{os.sep}" in str(path) for f in FOLDERS)
    }


def order_keys_without_nulls(tree: exp.Expression) -> exp.Expression:
    """Drop the place of nulls in orders: order keys of windows are never null in these models."""
    for ordered in tree.find_all(exp.Ordered):
        ordered.set("nulls_first", not ordered.args.get("desc"))
    return tree


@pytest.mark.parametrize("model", MODELS)
def test_model_transpiles_everywhere(model, compiled):
    tree = order_keys_without_nulls(sqlglot.parse_one(compiled[model], read="duckdb"))
    for dialect in DIALECTS:
        text = tree.sql(dialect=dialect, unsupported_level=ErrorLevel.RAISE)
        assert sqlglot.parse_one(text, read=dialect), dialect


@pytest.mark.parametrize("model", MODELS)
def test_model_has_no_function_or_type_of_one_engine(model, compiled):
    tree = sqlglot.parse_one(compiled[model], read="duckdb")
    functions = {function.name.lower() for function in tree.find_all(exp.Anonymous)}
    assert functions <= FUNCTIONS_OF_MACROS.keys()
    types = {kind.sql(dialect="").split("(")[0] for kind in tree.find_all(exp.DataType)}
    assert types <= PLAIN_TYPES | TYPES_OF_MACROS.keys()
    assert not list(tree.find_all(exp.Unnest, exp.Struct, exp.Lambda, exp.Bracket, exp.Qualify, exp.Pivot))


#: Everything that dbt renders, but the engines' own files.
FILES = sorted(
    path
    for folder in ("models", "macros", "tests")
    for path in (testing.PROJECT / folder).rglob("*.sql")
    if path.parent.name != "engines"
)


def test_files_spell_nothing_of_one_engine():
    found = {
        str(path.relative_to(testing.PROJECT)): sorted({word.lower() for word in ENGINE_WORDS.findall(sql_of(path))})
        for path in FILES
    }
    assert {name: words for name, words in found.items() if words} == {}, "put them into macros/engines"
    assert len(FILES) > 250


def test_fixtures_of_unit_tests_spell_nothing_of_one_engine():
    """A fixture in SQL can call no macro. Unit tests run on DuckDB alone; one has a struct as DuckDB spells it."""
    found = set()
    for path in (testing.PROJECT / "models").rglob("*.yml"):
        for test in (yaml.safe_load(path.read_text()) or {}).get("unit_tests", []):
            for part in [*test["given"], test["expect"]]:
                if part.get("format") == "sql" and (
                    ENGINE_WORDS.search(without_texts(part["rows"])) or "{" in part["rows"]
                ):
                    found.add(test["name"])
    assert found == {"test_rows_of_a_deleted_customer"}


@pytest.fixture(scope="module")
def marked(tmp_path_factory) -> dict[str, exp.Expression]:
    """Every compiled model and data test; macro `field` gives a text, so that what else looks like a field is one."""
    folder = tmp_path_factory.mktemp("marked")
    project = testing.project_with_mappings(folder, {})
    engine = project / "macros" / "engines" / "duckdb.sql"
    field = "{% macro duckdb__field(path, type) %}{{ path }}{% endmacro %}"
    assert field in engine.read_text()
    engine.write_text(engine.read_text().replace(field, "{% macro duckdb__field(path, type) %}'a field'{% endmacro %}"))
    warehouse = folder / "marked.duckdb"
    with testing.opened(warehouse) as connection:
        testing.create_raw_tables(connection)
    testing.run_dbt(["compile", "--no-populate-cache"], project, warehouse)
    texts = {path.name: path.read_text() for path in (project / "target" / "compiled").rglob("*.sql")}
    return {
        name: sqlglot.parse_one(text, read="duckdb")
        for name, text in texts.items()
        if text.strip() and "on-run" not in name
    }


def test_a_field_of_an_object_comes_from_a_macro(marked):
    found = {}
    for name, tree in marked.items():
        relations = {table.alias_or_name for table in tree.find_all(exp.Table)}
        relations |= {alias.name for alias in tree.find_all(exp.TableAlias)}
        qualifiers = {column.table for column in tree.find_all(exp.Column) if column.table}
        if fields := qualifiers - relations | {column.db for column in tree.find_all(exp.Column) if column.db}:
            found[name] = fields
        if any(tree.find_all(exp.Dot, exp.Struct)):
            found[name] = {"a struct"}
    assert found == {}, "read it by macro field"
    assert len(marked) > 200


def test_every_derived_table_has_a_name(marked):
    """Postgres 15 refuses one without."""
    nameless = {
        name
        for name, tree in marked.items()
        for query in tree.find_all(exp.Subquery)
        if isinstance(query.parent, exp.From | exp.Join) and not query.alias
    }
    assert nameless == set()


def test_recursion_is_by_union_all(marked):
    """Spark knows no other. Macro `reached` is an engine's own: union ends at customers that were reached before."""
    distinct = {
        name
        for name, tree in marked.items()
        for query in tree.find_all(exp.With)
        if query.recursive
        for part in query.expressions
        if any(table.name == part.alias for table in part.this.find_all(exp.Table))
        and isinstance(part.this, exp.Union)
        and part.this.args.get("distinct")
    }
    assert distinct == {"scope_customers.sql"}


def sql_of(path: Path) -> str:
    """A file's own SQL: without comments, Jinja and texts in quotes."""
    jinja = r"\{#.*?#\}|\{%.*?%\}|\{\{(?:'[^']*'|\"[^\"]*\"|[^'\"])*?\}\}"
    return without_texts(re.sub(jinja, " ", path.read_text(), flags=re.DOTALL))


def without_texts(sql: str) -> str:
    return re.sub(r"--[^\n]*|'(?:[^']|'')*'", " ", sql)
