"""Many notes on a cluster of Spark on loopback: how long a build takes with one worker and with two, and the same rows.

SPARK_NOTES ("200 2000") are the numbers of credit notes, each as in size.py; SPARK_WORKERS ("1 2") the workers, each a
process of one core. What Spark does for a statement before a worker has work is the greater part of a build, and no
worker makes it shorter; so one heavy query is measured, too. The seconds are those of a machine that others use.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.bench.bench_models import MAPPINGS, NETSUITE, fill
from tests.engines import spark as spark_process
from tests.engines.relations import compare
from tests.engines.spark_workers import OF_SESSION, cluster
from tests.support import warehouse as testing

NOTES = [int(number) for number in os.environ.get("SPARK_NOTES", "200 2000").split()]
WORKERS = [int(number) for number in os.environ.get("SPARK_WORKERS", "1 2").split()]

#: All invoices are parsed so often that there is something to do, in tasks for both workers.
HEAVY = """
select sum(length(to_json(from_json(payload, 'lines struct<data: array<struct<id: string, amount: string>>>'))))
from raw_stripe.invoices as invoices
cross join range(0, {times}, 1, 8) as times
"""
PAYLOADS = 4_000_000


@pytest.fixture(scope="module", params=NOTES)
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path, Path]:
    """Notes, dbt project and a DuckDB file on which the models were built."""
    folder = tmp_path_factory.mktemp("size")
    project, warehouse = testing.project_with_mappings(folder, MAPPINGS), folder / "bench.duckdb"
    with testing.opened(warehouse) as connection:
        testing.create_raw_tables(connection)
        fill(connection, 0, request.param, version=0)
        connection.execute(NETSUITE)
    testing.run_dbt(testing.WITHOUT_TESTS, project, warehouse)
    return request.param, project, warehouse


@pytest.mark.parametrize("workers", WORKERS)
def test_a_cluster_gives_the_same_rows(workers: int, filled: tuple[int, Path, Path]) -> None:
    notes, project, warehouse = filled
    with cluster(workers) as master, spark_process.running(master, OF_SESSION) as spark:
        spark.publish(warehouse)
        started = time.monotonic()
        spark.build(project, extra=["--exclude-resource-type", "test"])
        built = time.monotonic() - started
        heavy = HEAVY.format(times=PAYLOADS // spark.query("select count(*) from raw_stripe.invoices")[0][0])
        spark.query(heavy)  # once for the compilers of Java
        started = time.monotonic()
        spark.query(heavy)
        parsed = time.monotonic() - started
        executors = spark.executors()
        print(
            f"{notes:,} notes, {workers} workers ({executors} executors): build {built:.0f} s, "
            f"{PAYLOADS:,} payloads parsed in {parsed:.1f} s, load {os.getloadavg()[0]:.1f}"
        )
        assert executors == workers
        if workers == WORKERS[-1]:
            found = compare(warehouse, spark)
            print(found)
            assert found.differences == []
