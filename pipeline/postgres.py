"""The warehouse in Postgres around a stage (WAREHOUSE_URL): raw rows there before it, journal and marts back after it.

Extract keeps its DuckDB file, which only it writes. A database belongs to one such file: two files would take each
other's rows away. It belongs to the accounts of that file, too (rule I1).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, cast

from load_netsuite.tables import is_in_postgres
from pipeline.books import books_in
from pipeline.logs import tell, warn
from settings import SCHEMAS, Settings
from warehouse.connection import WarehouseError, open_warehouse
from warehouse.ownership import Books, books_of, require_same

if TYPE_CHECKING:
    import duckdb

    from warehouse.postgres_connection import PostgresWarehouse

RAW = ("raw_stripe", "raw_netsuite", "history")

AFTER_A_PUSH = ("raw_netsuite", "history")
"""What a push adds to the file: numbers of what it posted, and outcomes that changed."""

FILLED_FROM = """
create schema if not exists load_netsuite;
create table if not exists load_netsuite.filled_from (file_id text not null);
create table if not exists load_netsuite.belongs_to (service text primary key, account_id text, livemode boolean);
"""

TABLES_THERE = """
select table_schema || '.' || table_name from information_schema.tables where table_schema = any(?) order by 1 limit 3
"""

BELONGS_TO = """
insert into load_netsuite.belongs_to (service, account_id, livemode) values (?, ?, ?)
on conflict (service) do update set
    account_id = coalesce(excluded.account_id, belongs_to.account_id),
    livemode = coalesce(excluded.livemode, belongs_to.livemode)
"""

FILE_ID = "create table if not exists file_id (file_id varchar not null)"


class OtherFile(WarehouseError):
    """The database belongs to another DuckDB file, or the journals of both do not fit together."""


@contextmanager
def filled(settings: Settings, command: str) -> Iterator[None]:
    """Inside, Postgres has what extract landed, and this command holds it. Does nothing without WAREHOUSE_URL.

    Raises WarehouseLocked, PostgresError, OtherFile, CannotCopy.
    """
    if settings.warehouse_url is None:
        yield
        return
    from warehouse.postgres_connection import open_postgres

    with open_postgres(settings.warehouse_url, command) as postgres:
        with open_warehouse(settings.warehouse_path) as landed:
            _require_one_journal(landed, postgres, settings)
            tell(f"{command}: {_send(landed, postgres, RAW)} raw rows sent to Postgres")
        yield
        postgres.require_lock()  # without it, another host may have changed what was read meanwhile


def require_own_database(settings: Settings) -> None:
    """Before a command that writes the journal: it has to be the journal of this file and of its accounts. Does nothing
    without WAREHOUSE_URL.

    Raises WarehouseLocked, PostgresError, OtherFile, WrongBooks.
    """
    if settings.warehouse_url:
        with _both(settings):
            pass


def fetch_journal(settings: Settings) -> None:
    """Brings the journal of Postgres into the DuckDB file. Does nothing without WAREHOUSE_URL.

    Raises WarehouseLocked, PostgresError, OtherFile, duckdb.Error.
    """
    with _both(settings) as (landed, postgres):
        if postgres:
            from warehouse.mirror import mirror_journal  # psycopg is not in every environment

            mirror_journal(postgres, landed)


def fetch(settings: Settings, note_outcomes: Callable[[duckdb.DuckDBPyConnection], object]) -> None:
    """Brings journal and marts of Postgres into the DuckDB file. Does nothing without WAREHOUSE_URL.

    note_outcomes: appends to the history in the file what changed in `marts.credit_outcomes`; further marts show it.
    Raises as `fetch_journal`.
    """
    with _both(settings) as (landed, postgres):
        if postgres:
            from warehouse.mirror import mirror

            mirror(postgres, landed, ("credit_outcomes",))
            note_outcomes(landed)
            _send(landed, postgres, AFTER_A_PUSH)
            mirror(postgres, landed)


def fetch_runs(settings: Settings, landed: duckdb.DuckDBPyConnection) -> None:
    """Brings `marts.runs` up to date with the history in the file. Does nothing without WAREHOUSE_URL.

    Raises as `fetch_journal`.
    """
    with _both(settings, landed) as (_, postgres):
        if postgres:
            from warehouse.mirror import mirror

            _send(landed, postgres, ("history",))
            mirror(postgres, landed, ("runs",))


@contextmanager
def _both(
    settings: Settings, landed: duckdb.DuckDBPyConnection | None = None
) -> Iterator[tuple[duckdb.DuckDBPyConnection, PostgresWarehouse | None]]:
    """The file and the database, which belong together; no database without WAREHOUSE_URL or before there is a file."""
    if settings.warehouse_url is None or not settings.warehouse_path.exists():
        yield cast("duckdb.DuckDBPyConnection", landed), None
        return
    from warehouse.postgres_connection import open_postgres

    with (
        open_postgres(settings.warehouse_url, "copy for readers") as postgres,
        nullcontext(landed) if landed else open_warehouse(settings.warehouse_path) as file,
    ):
        _require_one_journal(file, postgres, settings)
        yield file, postgres


def _send(landed: duckdb.DuckDBPyConnection, postgres: PostgresWarehouse, schemas: Sequence[str]) -> int:
    from warehouse.postgres_connection import translated
    from warehouse.raw_copy import copy_raw

    with translated():
        return sum(copied.sent for copied in copy_raw(landed, postgres.session, schemas))


def _require_one_journal(landed: duckdb.DuckDBPyConnection, postgres: PostgresWarehouse, settings: Settings) -> None:
    """Raises OtherFile."""
    from load_netsuite.tables import ONE_WRITER, ensure_tables

    _require_no_others(postgres)
    postgres.execute(FILLED_FROM)
    ensure_tables(postgres)
    ensure_tables(landed)
    postgres.execute(ONE_WRITER)
    _require_same_books(landed, postgres, settings)
    _require_same_file(landed, postgres, settings)
    _move_journal(landed, postgres, settings)


def _require_no_others(postgres: PostgresWarehouse) -> None:
    """Raises OtherFile where tables stand in our schemas that we did not make: a transform would replace them."""
    if postgres.execute("select to_regclass('load_netsuite.filled_from') is null").fetchall() == [(True,)]:
        taken = postgres.execute(TABLES_THERE, [sorted(SCHEMAS - {"load_netsuite"})]).fetchall()
        if taken:
            raise OtherFile(
                "the database of WAREHOUSE_URL has tables of another program where the pipeline keeps its own "
                f"({', '.join(name for (name,) in taken)}): set WAREHOUSE_URL to an empty database"
            )


def _require_same_books(landed: duckdb.DuckDBPyConnection, postgres: PostgresWarehouse, settings: Settings) -> None:
    """Raises WrongBooks. What the file knows, the database knows then."""
    rows = postgres.execute("select service, account_id, livemode from load_netsuite.belongs_to").fetchall()
    known = {service: (account, livemode) for service, account, livemode in rows}
    stripe_account, is_live = known.get("stripe", (None, None))
    own = Books(stripe_account, is_live, known.get("netsuite", (None, None))[0])
    of_file = books_of(landed)
    for found in (books_in(settings), of_file):
        require_same(own, found, "the database of WAREHOUSE_URL", "set WAREHOUSE_URL to another database")
    if of_file.is_live is not None or of_file.stripe_account:
        postgres.execute(BELONGS_TO, ["stripe", of_file.stripe_account, of_file.is_live])
    if of_file.netsuite_account:
        postgres.execute(BELONGS_TO, ["netsuite", of_file.netsuite_account, None])


def _file_id(landed: duckdb.DuckDBPyConnection) -> str | None:
    """What ties the file to a database; None before there was one."""
    if not is_in_postgres(landed):
        return None
    rows = landed.execute("select file_id from file_id").fetchall()
    return str(rows[0][0]) if rows else None


def _require_same_file(landed: duckdb.DuckDBPyConnection, postgres: PostgresWarehouse, settings: Settings) -> None:
    import history.tables
    from warehouse.mirror import take_history

    known = _file_id(landed)
    there = postgres.execute("select file_id from load_netsuite.filled_from").fetchall()
    if not there:
        if known is None:
            history.tables.ensure_tables(landed)
            take_history(postgres, landed)
            known = uuid.uuid4().hex
            landed.execute(FILE_ID)
            landed.execute("insert into file_id values (?)", [known])
        postgres.execute("insert into load_netsuite.filled_from (file_id) values (?)", [known])
    elif there != [(known,)]:
        raise OtherFile(
            f"the database of WAREHOUSE_URL was filled from another DuckDB file than {settings.warehouse_path}: copy "
            "that file here, or set WAREHOUSE_URL to another database. If that file is lost, run `make extract` with "
            "this one without WAREHOUSE_URL until it has read everything, then `delete from load_netsuite.filled_from` "
            "in Postgres"
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
        # all tables at once: what was left out of a copy that broke off would never follow
        with postgres.session.transaction():
            _send(landed, postgres, ("load_netsuite",))
        warn(f"Postgres had no journal: it has the {rows} rows of {settings.warehouse_path} now")
        return
    same = "select attempt_id, status from load_netsuite.load_log where position = ?"
    if last > last_there or landed.execute(same, [last]).fetchall() != postgres.execute(same, [last]).fetchall():
        raise OtherFile(
            f"the journals of {settings.warehouse_path} and of the database of WAREHOUSE_URL differ at row {last}: a "
            "push wrote to the file while WAREHOUSE_URL was not set, or the database was put back from an older "
            "backup. Nothing was sent. Set WAREHOUSE_URL to an empty database, which takes over the journal of the "
            "file; or, if the database has the newer rows, put back a copy of the file from before"
        )
