"""`make engines`: the same raw rows give the same books, outcomes and marts on DuckDB and on Spark, as in equality.py.

A build takes minutes on Spark, however few rows there are: so few histories, and not every combination of settings.
Every build makes all anew there. Seconds and hashes are printed (-s).
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.engines.equality import plant
from tests.engines.relations import Comparison, compare
from tests.engines.spark import Spark
from tests.property.combinations import COMBINATIONS, Combination
from tests.property.histories.world import seeded_world
from tests.property.run_models import run_models
from tests.support import warehouse as testing
from tests.test_end_to_end import Shop

HISTORIES = int(os.environ.get("SPARK_HISTORIES", "40"))
SEED = 1
WORLDS = [each for each in COMBINATIONS if each.name in os.environ.get("SPARK_WORLDS", "default override").split()]
FLOOR_DIVIDE = "cast(({{ dividend }} - pmod({{ dividend }}, {{ divisor }})) / {{ divisor }} as decimal(38, 0))"
CUT = "cast(({{ dividend }} - {{ dividend }} % {{ divisor }}) / {{ divisor }} as decimal(38, 0))"
SEEDS_AS_DBT_SPARK = ("'null' if cell is none", "'\\'None\\'' if cell is none")


def same(name: str, warehouse: Path, spark: Spark, started: float) -> Comparison:
    built = time.monotonic() - started
    found = compare(warehouse, spark)
    print(f"{name}: {found} ({built:.0f} s on Spark, compared in {time.monotonic() - started - built:.0f} s)")
    return found


@pytest.mark.parametrize("months", [1, 2], ids=["first month", "a month later"])
def test_the_demo_is_the_same_before_a_push_and_after_it(months: int, spark: Spark, tmp_path: Path) -> None:
    """What the loader writes is copied after each push; the marts of Spark look at it, as those of DuckDB do.

    Spark makes all anew, so the last build of DuckDB does, too: which refusals are older than the verdicts shows it.
    """
    shop = Shop(tmp_path)
    for _ in range(months - 1):
        for command in ("extract", "transform", "push"):
            shop.make("-m", "pipeline", command)
        shop.make("-m", "sandbox", "advance", "--state", str(shop.folder / "sandbox"))
    shop.make("-m", "pipeline", "extract")
    shop.make("-m", "pipeline", "transform", "--full-refresh")
    started = time.monotonic()
    spark.publish(shop.warehouse)
    spark.build(testing.PROJECT)
    assert same(f"month {months}, before the push", shop.warehouse, spark, started).differences == []
    shop.make("-m", "pipeline", "push")
    started = time.monotonic()
    spark.publish(shop.warehouse)
    found = same(f"month {months}, after the push", shop.warehouse, spark, started)
    assert found.differences == []
    assert found.relations > 60 and found.rows > 2000


def of_world(
    combination: Combination,
    spark: Spark,
    folder: Path,
    *,
    bug: tuple[str, str] | None = None,
    extra: Sequence[str] = testing.ANY_DECISIONS,
) -> Comparison:
    """A random world on both engines. bug: see `plant`."""
    run_models(seeded_world(SEED, combination, range(HISTORIES)), folder, combination, tests=False)
    project, started = folder / "dbt_project", time.monotonic()
    if bug:
        plant(bug, project, "spark")
    spark.publish(folder / "warehouse.duckdb")
    spark.build(project, variables=combination.variables, extra=extra)
    return same(f"{combination.name}, {HISTORIES} histories", folder / "warehouse.duckdb", spark, started)


@pytest.mark.parametrize("combination", WORLDS, ids=lambda each: each.name)
def test_random_worlds_are_the_same(combination: Combination, spark: Spark, tmp_path: Path) -> None:
    found = of_world(combination, spark, tmp_path)
    assert found.differences == []
    assert found.relations > 60 and found.rows > 500


@pytest.mark.parametrize(
    ("bug", "where"),
    [((FLOOR_DIVIDE, CUT), "books.memo_lines"), (SEEDS_AS_DBT_SPARK, "reference.accounts")],
    ids=["a division cuts towards zero", "an empty cell of a seed is the text None"],
)
def test_a_planted_bug_of_a_dialect_is_found(bug: tuple[str, str], where: str, spark: Spark, tmp_path: Path) -> None:
    """The build is green, the rows are not the same."""
    model = where.replace(".", "_")
    selection = ["--exclude-resource-type", "test", "--select", f"+{model}"]
    found = of_world(COMBINATIONS[0], spark, tmp_path, bug=bug, extra=selection)
    differences = [each for each in found.differences if each.startswith(f"{where}: ")]
    print("\n".join(differences))
    assert differences
