"""The loader's tables in the warehouse: the journal and the drift of the last reconcile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from warehouse.connection import open_warehouse

TABLES = """
create schema if not exists load_netsuite;
create table if not exists load_netsuite.load_log (
    run_id varchar, attempt_id varchar, "at" timestamptz, record_type varchar, external_id varchar,
    operation varchar, status varchar, internal_id varchar, http_status integer, error_code varchar,
    error_detail varchar, netsuite_operation_id varchar, payload varchar, duration_ms bigint
);
create table if not exists load_netsuite.drift (
    "at" timestamptz, record_type varchar, external_id varchar, internal_id varchar, difference varchar,
    expected_minor bigint, found_minor bigint, currency varchar, detail varchar
);
"""

MEMORY_MIB = 150
"""DuckDB's memory when a push starts. The marts of a million memos take about 300 MB: `ask` raises the limit."""


def ensure_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Creates schema `load_netsuite` with the tables `load_log` and `drift` where they are missing."""
    connection.execute(TABLES)


@contextmanager
def open_with_journal(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, held by this process alone, with the loader's tables. Raises WarehouseLocked, WarehouseError."""
    with open_warehouse(path, MEMORY_MIB) as warehouse:
        ensure_tables(warehouse)
        yield warehouse
