"""Outside staging, models use SQL that Postgres, Spark, Snowflake and BigQuery have too.

Every compiled model is parsed as DuckDB's SQL and transpiled; a construct that sqlglot cannot express in a dialect is a
failure. Constructs of one engine come from dispatched macros alone, and are listed here.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import sqlglot
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
FUNCTIONS_OF_MACROS = {"timezone": "accounting_date", "hash": "fingerprint"}
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
ENGINE_WORDS = re.compile(
    r"//|::|\b(?:hugeint|rowid|json\w*|unnest|struct\w*|list_\w+|array_\w+|epoch\w*|make_timestamp|strftime|strptime|"
    r"regexp\w*|qualify|exclude|arg_max|arg_min|any_value|timezone|date_diff|date_trunc|ilike|asof|pivot|try_cast)\b|"
    r"(?<![\w'])\[(?=\d)",
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


@pytest.mark.parametrize("model", MODELS)
def test_model_spells_nothing_of_one_engine(model):
    (path,) = (p for folder in FOLDERS for p in (testing.PROJECT / "models" / folder).rglob(f"{model}.sql"))
    found = ENGINE_WORDS.findall(sql_of(path))
    assert not found, f"{path.name} spells {sorted(set(found))}: put it into a dispatched macro"


def sql_of(path: Path) -> str:
    """A model's own SQL: without comments, Jinja and texts in quotes."""
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", path.read_text(), flags=re.DOTALL)
    return re.sub(r"--[^\n]*|'(?:[^']|'')*'", " ", text)
