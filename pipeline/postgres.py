"""The warehouse in Postgres around a stage (WAREHOUSE_URL): raw rows there before it, journal and marts back after it.

Extract keeps its DuckDB file, which only it writes. A database belongs to one such file: two files would take each
other's rows away.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipeline.logs import tell
from settings import Settings
from warehouse.connection import WarehouseError, open_warehouse

if TYPE_CHECKING:
    import duckdb

    from warehouse.postgres_connection import PostgresWarehouse

RAW = ("raw_stripe", "raw_netsuite", "history")

FILLED_FROM = """
create schema if not exists load_netsuite;
create table if not exists load_netsuite.filled_from (file_id text not null);
"""

FILE_ID = "create table if not exists file_id (file_id varchar not null)"


class OtherFile(WarehouseError):
    """The database belongs to another DuckDB file, or the journals of both do not fit together."""


@contextmanager
def filled(settings: Settings, command: str) -> Iterator[None]:
    """Inside, Postgres has what extract landed, and this command holds it; then the DuckDB file gets journal and marts.

    Does nothing without WAREHOUSE_URL. Raises WarehouseLocked, PostgresError, OtherFile, CannotCopy.
    """
    if settings.warehouse_url is None:
        yield
        return
    from load_netsuite.tables import ensure_tables
    from warehouse.mirror import mirror
    from warehouse.postgres_connection import open_postgres
    from warehouse.raw_copy import copy_raw

    with open_postgres(settings.warehouse_url, command) as postgres:
        with open_warehouse(settings.warehouse_path) as landed:
            ensure_tables(postgres)
            _require_same_file(landed, postgres, settings)
            _move_journal(landed, postgres, settings)
            sent = sum(copied.sent for copied in copy_raw(landed, postgres.session, RAW))
        tell(f"{command}: {sent} raw rows sent to Postgres")
        yield
        with open_warehouse(settings.warehouse_path) as landed:
            mirror(postgres, landed)


def fetch(settings: Settings, *, journal_only: bool = False) -> None:
    """Brings journal and marts of Postgres into the DuckDB file. Does nothing without WAREHOUSE_URL.

    Raises WarehouseLocked, PostgresError, OtherFile, duckdb.Error.
    """
    if settings.warehouse_url is None or not settings.warehouse_path.exists():
        return
    from load_netsuite.tables import ensure_tables
    from warehouse.mirror import mirror, mirror_journal
    from warehouse.postgres_connection import open_postgres

    with (
        open_postgres(settings.warehouse_url, "copy for readers") as postgres,
        open_warehouse(settings.warehouse_path) as landed,
    ):
        ensure_tables(postgres)
        ensure_tables(landed)
        _require_same_file(landed, postgres, settings)
        _move_journal(landed, postgres, settings)
        (mirror_journal if journal_only else mirror)(postgres, landed)


def _require_same_file(landed: duckdb.DuckDBPyConnection, postgres: PostgresWarehouse, settings: Settings) -> None:
    landed.execute(FILE_ID)
    known = landed.execute("select file_id from file_id").fetchall()
    if not known:
        known = [(uuid.uuid4().hex,)]
        landed.execute("insert into file_id values (?)", list(known[0]))
    postgres.execute(FILLED_FROM)
    there = postgres.execute("select file_id from load_netsuite.filled_from").fetchall()
    if not there:
        postgres.execute("insert into load_netsuite.filled_from (file_id) values (?)", list(known[0]))
    elif there != known:
        raise OtherFile(
            f"the database of WAREHOUSE_URL was filled from another DuckDB file than {settings.warehouse_path}: copy "
            "that file here, or set WAREHOUSE_URL to another database. If that file is lost, run `make extract` with "
            "this one without WAREHOUSE_URL until it has read everything, then delete the row of "
            "load_netsuite.filled_from in Postgres"
        )


def _move_journal(landed: duckdb.DuckDBPyConnection, postgres: PostgresWarehouse, settings: Settings) -> None:
    """The journal of a DuckDB file that had no WAREHOUSE_URL before goes to Postgres, once. Raises OtherFile where both
    have rows of their own: what one posted, the other would post again."""
    query = "select count(*), coalesce(max(position), 0) from load_netsuite.load_log"
    ((rows, last),) = landed.execute(query).fetchall()
    ((_, last_there),) = postgres.execute(query).fetchall()
    if not rows:
        return
    if last_there == 0:
        from warehouse.raw_copy import copy_raw

        for _ in copy_raw(landed, postgres.session, ("load_netsuite",)):
            pass
        return
    same = "select attempt_id, status from load_netsuite.load_log where position = ?"
    if last > last_there or landed.execute(same, [last]).fetchall() != postgres.execute(same, [last]).fetchall():
        raise OtherFile(
            f"the journals of {settings.warehouse_path} and of the database of WAREHOUSE_URL differ at row {last}: a "
            "push wrote to the file while WAREHOUSE_URL was not set. Set WAREHOUSE_URL to an empty database, which "
            "takes over the journal of the file, or put back a copy of the file from before that push"
        )
