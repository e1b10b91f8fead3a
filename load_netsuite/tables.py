"""The loader's tables in the warehouse: the journal, and what each reconcile found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from warehouse.connection import WarehouseError, open_warehouse
from warehouse.postgres import PostgresUrl
from warehouse.query import Cursor, Warehouse

TABLES = """
create schema if not exists load_netsuite;
create table if not exists load_netsuite.load_log (
    run_id varchar, attempt_id varchar, "at" timestamptz, record_type varchar, external_id varchar,
    operation varchar, status varchar, internal_id varchar, http_status integer, error_code varchar,
    error_detail varchar, netsuite_operation_id varchar, payload varchar, duration_ms bigint, position bigint
);
create table if not exists load_netsuite.drift (
    "at" timestamptz, record_type varchar, external_id varchar, internal_id varchar, difference varchar,
    expected_minor bigint, found_minor bigint, currency varchar, detail varchar, reconciled_at timestamptz
);
create table if not exists load_netsuite.reconciliations (
    reconciled_at timestamptz, records bigint, differences bigint, run_id varchar
);
"""

LATER_COLUMNS = """
alter table load_netsuite.load_log add column if not exists position bigint;
alter table load_netsuite.drift add column if not exists reconciled_at timestamptz;
alter table load_netsuite.reconciliations add column if not exists run_id varchar;
update load_netsuite.drift set reconciled_at = drift.at where reconciled_at is null;
"""

# Two pushes that both believe to hold the lock would give out the same positions: the second stops at its first row.
ONE_WRITER = "create unique index if not exists load_log_position on load_netsuite.load_log (position)"

# DuckDB keeps the rows of a table in the order in which they were inserted, and numbers them so.
POSITIONS = """
update load_netsuite.load_log set position = numbered.position
from (
    select
        rowid as row_id,
        coalesce((select max(position) from load_netsuite.load_log), 0) + row_number() over (order by rowid) as position
    from load_netsuite.load_log
    where position is null
) as numbered
where load_log.rowid = numbered.row_id
"""

LAST_RECONCILIATION = """
select reconciled_at, records, differences from load_netsuite.reconciliations order by rowid desc limit 1
"""
"""When NetSuite was last compared with the journal, and what was found; no row if never. Rows are never deleted, so
DuckDB numbers them in the order of their insertion, whatever the clock said (rule P9)."""

IN_POSTGRES = (
    "the journal of {path} is in Postgres, and WAREHOUSE_URL is not set: set it. To go on with the file alone, drop "
    "its table file_id, and never use that database again"
)


def ensure_tables(connection: Warehouse) -> None:
    """Creates schema `load_netsuite` with its tables and columns where they are missing.

    Rows that an earlier version logged get their `position` here, once, in the order of their insertion (rule P9).
    """
    connection.execute(TABLES)
    connection.execute(LATER_COLUMNS)
    ((unnumbered,),) = connection.execute(
        "select count(*) from load_netsuite.load_log where position is null"
    ).fetchall()
    if unnumbered:
        connection.execute(POSITIONS)


@contextmanager
def open_with_journal(place: Path | PostgresUrl, command: str = "push") -> Iterator[Warehouse]:
    """The warehouse, held by this process alone, with the loader's tables. Raises WarehouseLocked, WarehouseError.

    command: what others are told that wait for it.
    """
    if isinstance(place, PostgresUrl):
        from warehouse.postgres_connection import open_postgres  # psycopg is not in every environment

        opened: AbstractContextManager[Warehouse] = open_postgres(place, command)
    else:
        opened = open_warehouse(place)
    with opened as warehouse:
        if isinstance(place, Path) and is_in_postgres(warehouse):
            raise WarehouseError(IN_POSTGRES.format(path=place))
        ensure_tables(warehouse)
        if isinstance(place, PostgresUrl):
            warehouse.execute(ONE_WRITER)
        yield warehouse


def is_in_postgres(file: Cursor) -> bool:
    """Whether the journal of a DuckDB file is in a database (pipeline/postgres.py): a push from the file alone would
    write a second one."""
    return bool(file.execute("select 1 from duckdb_tables() where table_name = 'file_id'").fetchall())
