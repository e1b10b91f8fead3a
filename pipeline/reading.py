"""What commands that only read open: the published marts, or the warehouse where nothing was published yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

import publish.reading
from pipeline.books import books_in, with_warehouse
from settings import Settings
from warehouse.ownership import require_books


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
        yield connection
