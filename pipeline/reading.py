"""The warehouse for commands that only read: nothing is created or changed, and other readers may read meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from pipeline.books import books_in, with_warehouse
from pipeline.exit_codes import AnotherRun, StageFailed
from settings import Settings
from warehouse.connection import WarehouseError, WarehouseLocked
from warehouse.ownership import require_books
from warehouse.query import MEMORY_STEPS_MIB


@contextmanager
def open_for_reading(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to the warehouse of these settings; its time zone is UTC.

    Raises StageFailed where there is none, AnotherRun while a run has it open, WrongBooks where it belongs to other
    accounts (rule I1), SettingsError, WarehouseError.
    """
    try:
        path = with_warehouse(settings).warehouse_path
        if not path.exists():
            raise StageFailed(f"there is no warehouse at {path} yet; run `make run`")
        connection = duckdb.connect(path, read_only=True)
    except WarehouseLocked as locked:
        raise AnotherRun(str(locked)) from None
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise AnotherRun(f"a run has {path} open: let it end, then ask again") from None
        raise WarehouseError(f"the warehouse {path} cannot be opened: {error}") from None
    try:
        require_books(connection, path, books_in(settings))
        connection.execute(f"set memory_limit = '{MEMORY_STEPS_MIB[0]} MiB'")
        connection.execute("set timezone = 'UTC'")
        yield connection
    finally:
        connection.close()
