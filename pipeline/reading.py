"""What commands that only read open: the published marts, or the warehouse where nothing was published yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

import publish.reading
from pipeline.books import books_in, with_warehouse
from pipeline.logs import warn
from settings import Settings
from warehouse.connection import WarehouseError
from warehouse.ownership import require_books
from warehouse.postgres import PostgresUrl


@contextmanager
def open_for_reading(settings: Settings, *, is_published: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection with the marts in schema `marts`, as the last transform or push left them; its time zone
    is UTC. Nothing is created, and a run under way is not disturbed. is_published: False = the last of them could not
    be published, so the warehouse is read.

    Raises WarehouseError where there is no warehouse, or a damaged one; WarehouseLocked where nothing was published and
    a run has it open, WrongBooks where it belongs to other accounts (rule I1), SettingsError.
    """
    path = with_warehouse(settings).warehouse_path
    with (
        publish.reading.damage_told(path, is_published=is_published),
        publish.reading.open_for_reading(path, is_published=is_published) as connection,
    ):
        require_books(connection, path, books_in(settings))
        if settings.warehouse_url:
            _tell_what_is_newer(connection, settings.warehouse_url)
        yield connection


def _tell_what_is_newer(marts: duckdb.DuckDBPyConnection, url: PostgresUrl) -> None:
    """Warns of rows of the journal in Postgres that the file lacks: of a push on another host, or of one after which
    Postgres could not be read."""
    from warehouse.postgres_connection import PostgresWarehouse

    try:
        ((here,),) = marts.execute("select coalesce(max(position), 0) from marts.netsuite_load_log").fetchall()
        with PostgresWarehouse(url, "reading") as postgres:
            ((newer,),) = postgres.execute(
                "select count(*) from load_netsuite.load_log where position > ?", [here]
            ).fetchall()
    except duckdb.Error:
        return  # no marts of this version: the command says so itself
    except WarehouseError as error:
        warn(f"whether Postgres has anything newer is not known: {error}")
        return
    if newer:
        warn(f"Postgres has {newer} newer rows of the journal than what is shown here: `make transform` brings them")
