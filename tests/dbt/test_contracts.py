"""Every mart and every book has a key test, and everything that others read is described."""

from __future__ import annotations

import pytest

from tests.support import warehouse as testing

LAYERS = ("books", "outcomes", "marts")
MODELS = sorted(path.stem for layer in LAYERS for path in (testing.PROJECT / "models" / layer).glob("*.sql"))


def model_of(manifest, name):
    return manifest.nodes[f"model.stripe_credit_to_netsuite.{name}"]


@pytest.mark.parametrize("layer", ["books", "marts"])
def test_every_model_has_a_key_test(layer, manifest):
    nodes = [*manifest.nodes.values(), *(node for found in manifest.disabled.values() for node in found)]
    keys = [
        node for node in nodes if getattr(node, "test_metadata", None) and node.test_metadata.name == "rows_are_whole"
    ]
    tested = {node.attached_node.rsplit(".", 1)[-1] for node in keys}
    models = {path.stem for path in (testing.PROJECT / "models" / layer).glob("*.sql")}
    assert models - tested == set()


@pytest.mark.parametrize("name", MODELS)
def test_model_is_described(name, manifest):
    assert model_of(manifest, name).description


@pytest.mark.parametrize("name", [name for name in MODELS if not name.startswith("books_")])
def test_columns_are_described(name, manifest, empty_world):
    model = model_of(manifest, name)
    relation = f"{model.schema}.{model.alias}"
    columns = [row["column_name"] for row in testing.rows(empty_world.warehouse, f"describe {relation}")]
    described = {column.name for column in model.columns.values() if column.description}
    assert set(columns) - described == set()


def test_descriptions_reach_the_warehouse(empty_world):
    uncommented = testing.rows(
        empty_world.warehouse,
        """
        select view_name as name from duckdb_views() where schema_name = 'marts' and comment is null
        union all
        select table_name || '.' || column_name from duckdb_columns() where schema_name = 'marts' and comment is null
        union all
        select table_name from duckdb_tables()
        where schema_name = 'books' and comment is null
        """,
    )
    assert uncommented == []


def test_commands_that_read_marts_are_exposures(manifest):
    assert {exposure.name for exposure in manifest.exposures.values()} == {"push", "plan", "report", "trace"}
