"""Queries of the warehouse, with more memory where one needs more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb

MEMORY_STEPS_MIB = (300, 600, 1200, 2400, 4800)
"""Memory limits of DuckDB, raised step by step where a query needs more."""

Parameters = Sequence[Any] | Mapping[str, Any]


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
    """Raises DuckDB's limit to the next of `MEMORY_STEPS_MIB`; False when there is none."""
    limit = memory_limit(cursor)
    more = next((size for size in MEMORY_STEPS_MIB if size > 1.1 * limit), None)
    if more is not None:
        cursor.execute(f"set global memory_limit = '{more} MiB'")
    return more is not None


def memory_limit(cursor: duckdb.DuckDBPyConnection) -> float:
    """What DuckDB may use, in MiB. It says it with one decimal and a unit."""
    ((text,),) = cursor.execute("select current_setting('memory_limit')").fetchall()
    number, unit = text.split()
    return float(number) * 1024.0 ** ("KiB", "MiB", "GiB", "TiB").index(unit) / 1024
