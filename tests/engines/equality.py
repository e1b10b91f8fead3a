"""`make engines`: the same raw rows give the same books, outcomes and marts on DuckDB and on Postgres.

Green nodes prove little: a cell that arrives as another value leaves every node green. So every row is compared, and
data tests run on both engines. Seconds and hashes are printed (-s).
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.engines import models
from tests.engines.relations import Comparison, OnPostgres, compare
from tests.engines.server import Server
from tests.property.combinations import COMBINATIONS, Combination
from tests.property.histories.world import seeded_world
from tests.property.run_models import run_models
from tests.support import warehouse as testing
from tests.test_end_to_end import Shop

HISTORIES = 150
SEED = 1
FLOOR_DIVIDE = (
    "    - case when mod({{ wide_integer(numerator) }}, {{ wide_integer(denominator) }}) < 0 then 1 else 0 end)"
)


def same(name: str, warehouse: Path, server: Server, database: str, started: float) -> Comparison:
    with server.connect(database) as connection:
        found = compare(warehouse, OnPostgres(connection))
    print(f"{name}: {found} ({time.monotonic() - started:.1f} s on Postgres)")
    return found


def test_the_demo_is_the_same_before_a_push_after_it_and_a_month_later(server: Server, tmp_path: Path) -> None:
    """What the loader writes is copied after each push; the models of Postgres look at it, as those of DuckDB do."""
    shop, project = Shop(tmp_path), testing.PROJECT
    server.create("demo")
    for month in ("first", "later"):
        shop.make("-m", "pipeline", "extract")
        shop.make("-m", "pipeline", "transform")
        started = time.monotonic()
        models.publish(shop.warehouse, server, "demo")
        models.build(project, server, "demo")
        assert same(f"{month} month, before the push", shop.warehouse, server, "demo", started).differences == []
        shop.make("-m", "pipeline", "push")
        started = time.monotonic()
        models.publish(shop.warehouse, server, "demo")
        found = same(f"{month} month, after the push", shop.warehouse, server, "demo", started)
        assert found.differences == []
        assert found.relations > 60 and found.rows > 2000
        assert {copied.sent for copied in models.publish(shop.warehouse, server, "demo")} == {0}
        shop.make("-m", "sandbox", "advance", "--state", str(shop.folder / "sandbox"))


def plant(bug: tuple[str, str], project: Path, engine: str) -> None:
    """bug: a text of the macros of an engine, and what stands in its place."""
    macros = project / "macros" / "engines" / f"{engine}.sql"
    assert bug[0] in macros.read_text()
    macros.write_text(macros.read_text().replace(*bug))


def of_world(
    combination: Combination, server: Server, folder: Path, database: str, *, bug: tuple[str, str] | None = None
) -> Comparison:
    """A random world on both engines. bug: see `plant`."""
    world = seeded_world(SEED, combination, range(HISTORIES))
    run_models(world, folder, combination)
    project, started = folder / "dbt_project", time.monotonic()
    if bug:
        plant(bug, project, "postgres")
    server.create(database)
    models.publish(folder / "warehouse.duckdb", server, database)
    extra = ["--exclude-resource-type", "test"] if bug else testing.ANY_DECISIONS
    models.build(project, server, database, variables=combination.variables, extra=extra)
    return same(f"{combination.name}, {HISTORIES} histories", folder / "warehouse.duckdb", server, database, started)


@pytest.mark.parametrize("combination", COMBINATIONS, ids=lambda each: each.name)
def test_random_worlds_are_the_same(combination: Combination, server: Server, tmp_path: Path) -> None:
    found = of_world(combination, server, tmp_path, f"world_{combination.name}")
    assert found.differences == []
    assert found.rows > 5000


def test_a_planted_bug_of_a_dialect_is_found(server: Server, tmp_path: Path) -> None:
    """A division that cuts towards zero, as Postgres divides: the build is green, the rows are not the same."""
    found = of_world(COMBINATIONS[0], server, tmp_path, "planted", bug=(FLOOR_DIVIDE, ")"))
    print("\n".join(found.differences))
    assert any("memo_lines" in difference and "amount_minor" in difference for difference in found.differences)


def test_the_unit_tests_of_the_models_pass(server: Server, tmp_path: Path) -> None:
    """Each rule of a model over rows that are written down, as `make test` has them on DuckDB."""
    world = testing.EmptyWorld(tmp_path)
    server.create("unit_tests")
    models.publish(world.warehouse, server, "unit_tests")
    models.dbt(testing.WITHOUT_TESTS, world.project, server, "unit_tests")
    models.dbt(["test", "--select", "test_type:unit"], world.project, server, "unit_tests")
