"""The warehouse as the loader uses it: held by one process, its own tables, little memory.

with open_warehouse(path) as warehouse:          # locked elsewhere: WarehouseLocked
    rows = ask(warehouse.cursor(), "select ...")
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from load_netsuite.errors import JournalError, WarehouseLocked

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

MEMORY = (150, 300, 600, 1200, 2400, 4800)
"""MiB. What DuckDB may use, and then more and more where a question needs it (some 300 MB for the marts of a
million memos). Left alone it would keep what it wrote and read, up to most of the machine's memory."""

# Without these a checkpoint of long texts is ten times slower (docs/architecture.md, "Versions").
STORAGE = {"disabled_compression_methods": "dict_fsst", "zstd_min_string_length": "256"}

Parameters = Sequence[Any] | Mapping[str, Any]


def ensure_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Creates schema `load_netsuite` with the tables `load_log` and `drift` where they are missing."""
    connection.execute(TABLES)


@contextmanager
def open_warehouse(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, writable and held by this process alone. Raises WarehouseLocked, JournalError."""
    try:
        connection = duckdb.connect(str(path))
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise WarehouseLocked(
                f"the warehouse {path.name} is open in another process (a run, a DuckDB shell, a "
                "notebook); close it and run again. Nothing was posted."
            ) from None
        raise JournalError(f"the warehouse {path.name} cannot be opened: {error}") from None
    try:
        for name, value in {**STORAGE, "memory_limit": f"{MEMORY[0]} MiB"}.items():
            connection.execute(f"set {name} = '{value}'")
        ensure_tables(connection)
        yield connection
    finally:
        connection.close()


def ask(cursor: duckdb.DuckDBPyConnection, sql: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
    """All rows of a question."""
    return _ask(cursor, sql, parameters)[1]


def ask_by_name(cursor: duckdb.DuckDBPyConnection, sql: str, parameters: Parameters = ()) -> list[dict[str, Any]]:
    """All rows of a question: column → value."""
    answer, rows = _ask(cursor, sql, parameters)
    names = [column[0] for column in answer.description]
    return [dict(zip(names, row, strict=True)) for row in rows]


def ask_in_bulks(cursor: duckdb.DuckDBPyConnection, sql: str, size: int) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a question, so many at a time, read as they are needed."""
    answer, rows = _ask(cursor, sql, (), size)
    while rows:
        yield rows
        rows = answer.fetchmany(size)


def _ask(
    cursor: duckdb.DuckDBPyConnection, sql: str, parameters: Parameters, first: int | None = None
) -> tuple[duckdb.DuckDBPyConnection, list[tuple[Any, ...]]]:
    """The answer, and all its rows or the first of them."""
    while True:
        try:
            answer = cursor.execute(sql, parameters)
            return answer, answer.fetchall() if first is None else answer.fetchmany(first)
        except duckdb.OutOfMemoryException:
            if not give_more_memory(cursor):
                raise


def is_for_memory(error: duckdb.Error) -> bool:
    """Whether a statement failed for want of memory; while it is committed DuckDB says so in words only."""
    return isinstance(error, duckdb.OutOfMemoryException) or "failed to allocate" in str(error)


def give_more_memory(cursor: duckdb.DuckDBPyConnection) -> bool:
    """The next step of `MEMORY`; False when there is none."""
    limit = memory_limit(cursor)
    more = next((size for size in MEMORY if size > 1.1 * limit), None)
    if more is not None:
        cursor.execute(f"set global memory_limit = '{more} MiB'")
    return more is not None


def memory_limit(cursor: duckdb.DuckDBPyConnection) -> float:
    """What DuckDB may use, in MiB. It says it with one decimal and a unit."""
    ((text,),) = cursor.execute("select current_setting('memory_limit')").fetchall()
    number, unit = text.split()
    return float(number) * 1024.0 ** ("KiB", "MiB", "GiB", "TiB").index(unit) / 1024
