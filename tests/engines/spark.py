"""A Spark for the tests: its session and dbt in a process of their own, on cores of this machine or on a cluster."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import duckdb

from tests.engines.relations import LAYERS
from tests.support.warehouse import BuildFailed

#: For few rows: a query is one task where it can be.
FEW_ROWS = {
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "3g",
    # each sort and each sum would take 64 MB
    "spark.buffer.pageSize": "256k",
    # Spark's compiler would take longer than the rows
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}

_session: Any = None


class SparkFailed(Exception):
    """A query failed; the words begin with the class of Spark's error."""


class Spark:
    """What tests ask of Spark, also an engine to compare with. Each call runs in the process of the session."""

    name = "Spark"

    def __init__(self, pool: ProcessPoolExecutor, folder: Path) -> None:
        self._pool, self.folder = pool, folder

    def publish(self, warehouse: Path) -> int:
        """What the DuckDB file holds of raw rows, journal and history, now in Spark. Returns the number of rows."""
        return self._pool.submit(_publish, warehouse, self.folder).result()

    def build(
        self, project: Path, *, variables: Mapping[str, Any] | None = None, extra: Iterable[str] = ()
    ) -> Mapping[str, float]:
        """All models and data tests. Returns the seconds of each node. Raises BuildFailed."""
        return self._pool.submit(_build, project, dict(variables or {}), list(extra)).result()

    def columns(self) -> list[tuple[str, str, str]]:
        return self._pool.submit(_columns, LAYERS).result()

    def rows(self, relation: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        listed = ", ".join(f"`{column}`" for column in columns)
        return self.query(f"select {listed} from {relation}")

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return self._pool.submit(_rows, sql).result()

    def executors(self) -> int:
        """Processes that have worked, beside the one of the session."""
        return self._pool.submit(_executors).result()

    def clear(self) -> None:
        """Nothing is left of what was built or copied."""
        self._pool.submit(_clear).result()


@contextlib.contextmanager
def running(master: str = "local[2]", more: Mapping[str, str] | None = None) -> Iterator[Spark]:
    folder = Path(tempfile.mkdtemp(prefix="spark-"))
    pool = ProcessPoolExecutor(
        1, mp_context=multiprocessing.get_context("spawn"), initializer=_start, initargs=(master, folder, more)
    )
    try:
        yield Spark(pool, folder)
    finally:
        pool.submit(_stop).result()
        pool.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


# ---------- in the process of the session


def _start(master: str, folder: Path, more: Mapping[str, str] | None) -> None:
    global _session
    from warehouse.spark_session import open_session

    os.environ.update(WAREHOUSE_ENGINE="spark", SPARK_LOCAL_IP="127.0.0.1")
    os.chdir(folder)
    _session = open_session(master, folder / "warehouse", {**FEW_ROWS, **(more or {})})


def _stop() -> None:
    _session.stop()


def _publish(warehouse: Path, folder: Path) -> int:
    from warehouse.spark_copy import copy_raw

    with duckdb.connect(str(warehouse), read_only=True) as source:
        return sum(copied.rows for copied in copy_raw(source, _session, folder / "raw"))


def _build(project: Path, variables: Mapping[str, Any], extra: Sequence[str]) -> Mapping[str, float]:
    from warehouse.spark_session import run_dbt

    done = run_dbt(
        [
            *("--warn-error", "--no-use-colors", "--log-level", "none", "--log-level-file", "none"),
            *("build", "--exclude-resource-type", "unit_test", *extra),
            *("--project-dir", str(project), "--profiles-dir", str(project), "--vars", json.dumps(variables)),
            *("--target-path", str(project / "target" / "spark")),
        ]
    )
    if done.exception:
        raise BuildFailed(str(done.exception))
    results: Any = done.result
    if not done.success:
        raise BuildFailed(
            "\n".join(
                # Spark shows its whole plan with an error
                f"{each.node.name}: {str(each.message)[:500]}"
                for each in results
                if each.status in ("error", "fail")
            )
        )
    return {each.node.unique_id: each.execution_time for each in results}


def _rows(query: str) -> list[tuple[Any, ...]]:
    try:
        table = _session.sql(query).toArrow()
    except Exception as error:
        # its own errors reach no other process, and show the whole plan
        raise SparkFailed(str(error)[:1000]) from None
    columns = [column.to_pylist() for column in table.columns]
    return list(zip(*columns, strict=True)) if columns else []


def _columns(schemas: Sequence[str]) -> list[tuple[str, str, str]]:
    there = {row[0] for row in _session.sql("show schemas").collect()}
    return [
        (schema, relation.tableName, column)
        for schema in schemas
        if schema in there
        for relation in _session.sql(f"show tables in {schema}").collect()
        for column in _session.table(f"{schema}.{relation.tableName}").columns
    ]


def _executors() -> int:
    known = _session.sparkContext._jsc.sc().getExecutorMemoryStatus().size()
    return int(known) - 1


def _clear() -> None:
    for schema in _session.sql("show schemas").collect():
        if schema[0] != "default":
            _session.sql(f"drop schema {schema[0]} cascade")
