"""Many notes on both engines: the same rows after a first build and after a later one, and how long each took.

ENGINE_NOTES (50,000) is the number of credit notes; each has two lines, three invoices and two ledger rows. Both
engines work in one run of this test, so a loaded machine is loaded for both; dbt's own start is in both times.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.bench.bench_models import MAPPINGS, NETSUITE, fill
from tests.engines import models
from tests.engines.relations import OnPostgres, compare
from tests.engines.server import Server
from tests.support import warehouse as testing

NOTES = int(os.environ.get("ENGINE_NOTES", "50000"))


def test_many_notes_are_the_same(server: Server, tmp_path: Path) -> None:
    project, warehouse = testing.project_with_mappings(tmp_path, MAPPINGS), tmp_path / "bench.duckdb"
    server.create("bench")
    with testing.opened(warehouse) as connection:
        testing.create_raw_tables(connection)
        fill(connection, 0, NOTES, version=0)
        connection.execute(NETSUITE)
    for build in ("first build", "later build, 1 % new or changed"):
        started = time.monotonic()
        testing.build(project, warehouse, is_measured=True)
        on_duckdb = time.monotonic() - started
        started = time.monotonic()
        models.publish(warehouse, server, "bench")
        copied = time.monotonic() - started
        models.build(project, server, "bench")
        on_postgres = time.monotonic() - started - copied
        with server.connect("bench") as connection:
            found = compare(warehouse, OnPostgres(connection))
        print(
            f"{NOTES:,} notes, {build}: DuckDB {on_duckdb:.1f} s, Postgres {on_postgres:.1f} s "
            f"({on_postgres / on_duckdb:.1f} x), copied in {copied:.1f} s; {found}"
        )
        assert found.differences == []
        with testing.opened(warehouse) as connection:
            fill(connection, 0, NOTES // 200, version=1)
            fill(connection, NOTES, NOTES + NOTES // 200, version=1)
