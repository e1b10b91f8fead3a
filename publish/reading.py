"""Opens what a reader reads: the published file, or the warehouse where nothing was published yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from warehouse.connection import (
    WarehouseError,
    WarehouseLocked,
    is_damage,
    require_duckdb_file,
    what_duckdb_means,
)
from warehouse.query import MEMORY_STEPS_MIB, is_for_memory
from warehouse.waiting import connect_when_free, holder_of


def published_path(warehouse: Path) -> Path:
    """The published file of a warehouse: beside it, `sandbox-published.duckdb` for `sandbox.duckdb`.

    DuckDB names the catalog of a file after the file. This name clashes with no schema.
    """
    return warehouse.with_name(f"{warehouse.stem}-published.duckdb")


def open_for_reading(warehouse: Path, *, is_published: bool = True) -> duckdb.DuckDBPyConnection:
    """A read-only connection with the marts in schema `marts`; the session's time zone is UTC. Creates nothing.

    It opens the published file, as the last transform or push left it, also while a run has the warehouse; where there
    is none, the warehouse itself. is_published: False = the file is known to be of an earlier time, so the warehouse is
    read. Raises WarehouseError if there is neither, WarehouseLocked.
    """
    path = _path_for_reading(warehouse, is_published=is_published)
    if not path.exists():
        raise WarehouseError(f"there is no warehouse at {path} yet: run `make run`")
    try:
        require_duckdb_file(path)
        connection = connect_when_free(path, read_only=True)
    except duckdb.Error as error:
        holder = holder_of(error)
        if holder:
            raise WarehouseLocked(f"{path} is open in {holder}: close it there, or wait until it has ended") from None
        raise WarehouseError(what_duckdb_means(error, path, is_copy=path != warehouse)) from None
    except OSError as error:
        raise WarehouseError(f"{path} cannot be read ({error.strerror}): change its permissions") from None
    connection.execute(f"set global memory_limit = '{MEMORY_STEPS_MIB[0]} MiB'")
    connection.execute("set timezone = 'UTC'")
    return connection


@contextmanager
def damage_told(warehouse: Path, *, is_published: bool = True) -> Iterator[None]:
    """Inside, damage of the file that `open_for_reading` opens, and want of memory, becomes a WarehouseError: DuckDB
    finds damaged data only when a query reads them."""
    try:
        yield
    except duckdb.Error as error:
        if not is_damage(error) and not is_for_memory(error):
            raise
        path = _path_for_reading(warehouse, is_published=is_published)
        raise WarehouseError(what_duckdb_means(error, path, is_copy=path != warehouse)) from error


def _path_for_reading(warehouse: Path, *, is_published: bool) -> Path:
    path = published_path(warehouse)
    return path if is_published and path.exists() else warehouse
