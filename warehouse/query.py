"""Queries of the warehouse, with more memory where one needs more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import duckdb

MEMORY_STEPS_MIB = (300, 600, 1200, 2400, 4800)
"""Memory limits of DuckDB, raised step by step where a query needs more."""

Parameters = Sequence[Any] | Mapping[str, Any]


class Cursor(Protocol):
    """What the loader uses of a connection of DuckDB, and of Postgres (warehouse/postgres_connection.py): the words of
    DBAPI, `?` for a parameter, and each statement a transaction of its own."""

    @property
    def description(self) -> Sequence[Sequence[Any]]: ...

    def execute(self, sql: str, parameters: Any = ..., /) -> Cursor: ...

    def fetchall(self) -> list[Any]: ...

    def fetchmany(self, size: int, /) -> list[Any]: ...


class Warehouse(Cursor, Protocol):
    """A warehouse that is held by this command; `cursor` asks it beside other questions."""

    def executemany(self, sql: str, rows: Any, /) -> Cursor: ...

    def cursor(self) -> Cursor: ...


def ask(cursor: Cursor, sql: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
    """All rows of a query. Raises duckdb.Error; for want of memory only after the last of `MEMORY_STEPS_MIB`."""
    return _ask(cursor, sql, parameters)[1]


def ask_by_name(cursor: Cursor, sql: str, parameters: Parameters = ()) -> list[dict[str, Any]]:
    """All rows of a query, each as column → value. Raises as `ask`."""
    answer, rows = _ask(cursor, sql, parameters)
    names = [column[0] for column in answer.description]
    return [dict(zip(names, row, strict=True)) for row in rows]


def ask_in_bulks(cursor: Cursor, sql: str, size: int) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a query, `size` at a time, read as they are needed. Raises as `ask`."""
    answer, rows = _ask(cursor, sql, (), size)
    while rows:
        yield rows
        rows = answer.fetchmany(size)


def _ask(
    cursor: Cursor, sql: str, parameters: Parameters, size: int | None = None
) -> tuple[Cursor, list[tuple[Any, ...]]]:
    """The answer, and all its rows or the first `size` of them."""
    while True:
        try:
            answer = cursor.execute(sql, parameters)
            return answer, answer.fetchall() if size is None else answer.fetchmany(size)
        except duckdb.OutOfMemoryException:
            if not give_more_memory(cursor):
                raise


def is_for_memory(error: duckdb.Error) -> bool:
    """Whether a statement failed for want of memory. A failed commit says so in its text only."""
    return isinstance(error, duckdb.OutOfMemoryException) or "failed to allocate" in str(error)


def give_more_memory(cursor: Cursor) -> bool:
    """Raises DuckDB's limit to the next of `MEMORY_STEPS_MIB`; False when there is none."""
    limit = memory_limit(cursor)
    step = next((step for step in MEMORY_STEPS_MIB if step > 1.1 * limit), None)
    if step is not None:
        cursor.execute(f"set global memory_limit = '{step} MiB'")
    return step is not None


def memory_limit(cursor: Cursor) -> float:
    """DuckDB's memory limit in MiB. DuckDB shows it with one decimal and a unit."""
    ((text,),) = cursor.execute("select current_setting('memory_limit')").fetchall()
    number, unit = text.split()
    return float(number) * 1024.0 ** ("KiB", "MiB", "GiB", "TiB").index(unit) / 1024


def quoted(*names: str) -> str:
    """A name for SQL, with the names of its catalog and schema before it."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def text(value: str) -> str:
    """A text for SQL, where no parameter can stand."""
    return "'" + value.replace("'", "''") + "'"
