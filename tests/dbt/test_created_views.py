"""A view stays as the last build made it, and only then."""

from __future__ import annotations

import duckdb
import pytest

from tests.support import warehouse as testing

THERE = "select schema_name || '.' || view_name as view_name from duckdb_views() where not internal"
MADE = "select view_name from books.created_views where view_text is not null order by view_name"
# A mart over a mart over outcomes.
MART = "marts.items_to_create"


@pytest.fixture
def world(own_empty_world):
    """A project and a warehouse of its own, as a whole build left them: a build of some models takes all notes away."""
    return own_empty_world.project, own_empty_world.warehouse


def text_of(warehouse, name: str) -> str:
    (row,) = testing.rows(warehouse, f"select sql from duckdb_views() where schema_name || '.' || view_name = '{name}'")
    return row["sql"]


def comment_of(warehouse, name: str) -> str:
    (row,) = testing.rows(
        warehouse, f"select comment from duckdb_views() where schema_name || '.' || view_name = '{name}'"
    )
    return row["comment"]


def test_all_views_of_the_project_are_noted(world):
    _, warehouse = world
    made = {row["view_name"] for row in testing.rows(warehouse, MADE)}
    assert len(made) > 50
    assert made == {row["view_name"] for row in testing.rows(warehouse, THERE)}


def test_a_view_that_a_person_replaced_or_dropped_or_that_is_described_otherwise_is_made_anew(world):
    project, warehouse = world
    right = text_of(warehouse, MART)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(f"create or replace view {MART} as select 'x' as netsuite_external_id")
        connection.execute("drop view marts.runs")
    described = project / "models" / "marts" / "__marts.yml"
    text = described.read_text()
    words = comment_of(warehouse, "marts.journal_entries").split(".")[0]
    assert words in text
    described.write_text(text.replace(words, "Formerly", 1))
    testing.run_dbt(["run", "--select", "items_to_create runs journal_entries"], project, warehouse)
    assert text_of(warehouse, MART) == right
    assert comment_of(warehouse, "marts.runs")
    assert comment_of(warehouse, "marts.journal_entries").startswith("Formerly")


@pytest.mark.parametrize("is_changed", [True, False])
def test_a_view_over_a_column_of_another_type_is_made_anew(world, is_changed):
    """DuckDB may refuse a view when a column below it has another type than when the view was made. The note of another
    view's text shows whether the view stays."""
    project, warehouse = world
    right = text_of(warehouse, MART)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(f"create or replace view {MART} as select 'x' as external_id")
    other = text_of(warehouse, MART)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("update books.created_views set view_text = md5(?) where view_name = ?", [other, MART])
        if is_changed:
            connection.execute("alter table raw_stripe.payouts alter column created type timestamp")
    testing.run_dbt(["run", "--select", "items_to_create"], project, warehouse)
    assert text_of(warehouse, MART) == (right if is_changed else other)


def test_a_build_that_breaks_leaves_no_view_to_stay(world):
    project, warehouse = world
    assert testing.rows(warehouse, MADE)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create table books.last_transform as select 'of an earlier build' as state")
    (project / "models" / "marts" / "items_to_create.sql").write_text("select no_such_column from {{ ref('runs') }}")
    with pytest.raises(testing.BuildFailed, match="no_such_column"):
        testing.run_dbt([*testing.WITHOUT_TESTS, "--select", "items_to_create"], project, warehouse)
    assert testing.rows(warehouse, "from books.created_views") == []
    noted = "select 1 from duckdb_tables() where schema_name = 'books' and table_name = 'last_transform'"
    assert testing.rows(warehouse, noted) == [], "the pipeline would take the next transform for done"
