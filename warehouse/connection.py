"""Opens the DuckDB file: one process at a time, with limited memory and storage options that suit long texts.

with open_warehouse(path) as warehouse:          # another process has the file open: WarehouseLocked
    rows = ask(warehouse.cursor(), "select ...")
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from warehouse.waiting import connect_when_free, holder_of

# DuckDB's dict_fsst compression of long texts makes checkpoints ten times slower (docs/architecture.md, "Versions").
STORAGE_OPTIONS = {"disabled_compression_methods": "dict_fsst", "zstd_min_string_length": 256}


class WarehouseError(Exception):
    """The warehouse file cannot be opened."""


class WarehouseLocked(WarehouseError):
    """Another process has the warehouse file open."""


def open_warehouse(path: Path, memory_mib: int = 300) -> duckdb.DuckDBPyConnection:
    """A connection to the warehouse at `path`, which holds the file until it is closed; the file is made if absent.

    memory_mib: the memory that DuckDB may use (it would otherwise keep all it wrote and read, up to most of the
    machine's memory); `ask` raises it where a query needs more. The session's time zone is UTC.
    Raises WarehouseLocked (after the time that `warehouse.waiting` allows), WarehouseError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():  # dlt's state belongs to a file that is gone
        shutil.rmtree(dlt_directory(path), ignore_errors=True)
    try:
        connection = connect_when_free(path)
    except duckdb.IOException as error:
        holder = holder_of(error)
        if holder:
            raise WarehouseLocked(
                f"{path} is open in another program ({holder}): close it there and run again; a notebook or a "
                "dashboard reads the published file beside it instead"
            ) from None
        raise WarehouseError(f"the warehouse {path} cannot be opened: {error}") from None
    for name, value in {**STORAGE_OPTIONS, "memory_limit": f"{memory_mib} MiB"}.items():
        connection.execute(f"set global {name} = '{value}'")
    connection.execute("set timezone = 'UTC'")
    return connection


def dlt_directory(path: Path) -> Path:
    """The folder of dlt's state: beside the warehouse file, never in a home folder."""
    return path.parent / f".dlt-{path.stem}"
