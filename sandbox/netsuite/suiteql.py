"""SuiteQL as NetSuite answers it: read-only, every value is text (facts, NetSuite section 4). Runs on DuckDB.

The tables are copies of the books. Each query first replaces the rows of records that changed since the last one.
With a lag, a change shows only that many seconds after it was made.
"""

from __future__ import annotations

import atexit
import itertools
import random
import re
import threading
import weakref
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

import duckdb
import pyarrow as pa

from sandbox.netsuite import errors, suiteql_tables
from sandbox.netsuite.books import Books
from sandbox.netsuite.records import ZERO
from sandbox.netsuite.suiteql_dialect import Query, translated

PAGE = 1000  # rows at most in one answer
REACH = 100_000  # rows at most of one query


class SuiteQL:
    """Answers queries over one `Books`. Thread-safe.

    `lag`: seconds until a write shows, by the clock of the books. `row_limit`: rows at most of one query; with
    `refuses_long_queries` a query that has more is refused instead of cut (facts 11, D15).
    """

    def __init__(
        self, books: Books, lag: float = 0.0, row_limit: int = REACH, refuses_long_queries: bool = False
    ) -> None:
        self._books = books
        self.lag, self.row_limit, self.refuses_long_queries = lag, row_limit, refuses_long_queries
        self._changed = books.watch()
        self._lock = threading.Lock()
        self._schema = f"books_{next(_numbers)}"
        self._db = _duckdb().cursor()
        self._db.execute(f"create schema {self._schema}")
        self._db.execute(f"set schema = '{self._schema}'")
        self._shape: object = None  # custom and hidden fields that the tables were made with
        self._stale: dict[str, set[int]] = {}  # table -> ids of changed records; absent: no table yet
        weakref.finalize(self, _drop, self._db, self._schema)
        if lag:  # the copies begin now: what they hold goes on showing until a change is old enough
            self._bring_up_to_date(("item", *suiteql_tables.TRANSACTION_KEYS))

    def query(self, q: str, params: Sequence[object] = (), limit: int = PAGE, offset: int = 0) -> dict[str, Any]:
        """One page: `{count, hasMore, items, links, offset, totalResults}`. A null column is absent from its row.

        Raises `Refused`.
        """
        if not 1 <= limit <= PAGE:
            raise errors.bad_parameter("limit", str(limit))
        if not 0 <= offset < self.row_limit:
            raise errors.bad_parameter("offset", str(offset))
        if offset % limit:
            raise errors.odd_offset(offset, limit)
        query = translated(q, tuple(params))
        with self._lock:
            self._bring_up_to_date(query.tables)
            try:
                rows, names, total = self._page(query, limit, offset)
            except duckdb.Error as problem:
                raise self._refusal(str(problem).partition("\n")[0]) from None
        if self.refuses_long_queries and total > self.row_limit:
            raise errors.too_many_rows(self.row_limit)
        total = min(total, self.row_limit)
        items: list[dict[str, Any]] = [
            {"links": []} | {name: _shown(value) for name, value in zip(names, row, strict=True) if value is not None}
            for row in rows
        ]
        return {
            "links": [],
            "count": len(items),
            "hasMore": offset + len(items) < total,
            "items": items,
            "offset": offset,
            "totalResults": total,
        }

    def _page(self, query: Query, limit: int, offset: int) -> tuple[list[tuple[Any, ...]], list[str], int]:
        """The rows of a page, their column names, and the number of rows in all."""
        if not query.is_ordered:
            rows = self._db.execute(query.sql).fetchall()
            names = [column[0].lower() for column in self._db.description]
            if len(rows) > limit:  # pages of an unordered query repeat and lose rows (documented)
                random.Random(offset).shuffle(rows)
            return rows[offset : offset + limit], names, len(rows)
        rows = self._db.execute(f"select * from ({query.sql}) limit {limit} offset {offset}").fetchall()
        names = [column[0].lower() for column in self._db.description]
        if len(rows) < limit and (rows or not offset):
            return rows, names, offset + len(rows)
        [(total,)] = self._db.execute(f"select count(*) from ({query.sql})").fetchall()
        return rows, names, total

    def _refusal(self, problem: str) -> errors.Refused:
        """The refusal of a query that DuckDB cannot answer: a column that the account hides is named as hidden."""
        for name in self._books.company()["hiddencolumns"]:
            table, _, column = name.partition(".")
            if re.search(rf'column .*"?\b{column}\b', problem, re.IGNORECASE):
                return errors.hidden_column(column, table)
        return errors.bad_query(problem)

    # ------------------------------------------------------------ copies of the books

    def _bring_up_to_date(self, tables: Iterable[str]) -> None:
        """Bring the copies of these tables up to date with the books."""
        books = self._books
        with books.lock:
            books.refresh()
            shape = [books.company()[name] for name in ("customfields", "hiddencolumns", "hidesjournaltotals")]
            if shape != self._shape:
                self._shape, self._stale = shape, {}
            if self._changed["subsidiary"]:  # an item without subsidiaries belongs to all of them
                self._stale.pop("itemsubsidiarymap", None)
            due = self._take_due()
            for table, stale in self._stale.items():
                stale |= due[suiteql_tables.source(table)]
            for table in tables:
                if table not in self._stale:
                    self._create(table)
                if self._stale[table]:
                    self._replace(table, sorted(self._stale[table]))
                    self._stale[table] = set()

    def _take_due(self) -> dict[str, set[int]]:
        """Table -> changed records that SuiteQL shows by now. What is younger than the lag waits for a later query."""
        shown = self._books.now() - timedelta(seconds=self.lag)
        due = {}
        for table, changed in self._changed.items():
            due[table] = {id for id, at in changed.items() if not self.lag or at <= shown}
            for id in due[table]:
                del changed[id]
        return due

    def _create(self, table: str) -> None:
        columns = ", ".join(f'"{name}" {type}' for name, type in suiteql_tables.columns(self._books, table).items())
        self._db.execute(f'create or replace table "{table}" ({columns})')
        too_young = self._changed[suiteql_tables.source(table)].keys()
        self._stale[table] = suiteql_tables.all_ids(self._books, table) - too_young

    def _replace(self, table: str, ids: Sequence[int]) -> None:
        """Replace the rows of these records. Values go in as text, and DuckDB casts them to the columns' types."""
        rows = [row for id in ids for row in suiteql_tables.rows(self._books, table, id)]
        columns = {
            name: pa.array([_text(row.get(name)) for row in rows], pa.string())
            for name in suiteql_tables.columns(self._books, table)
        }
        self._db.begin()
        try:
            self._exchange(table, ids, pa.table(columns))
        except BaseException:
            self._db.rollback()
            raise
        self._db.commit()

    def _exchange(self, table: str, ids: Sequence[int], rows: pa.Table) -> None:
        key = suiteql_tables.key(table)
        self._db.execute(f'delete from "{table}" where {key} in (select unnest(?))', [ids])
        if rows.num_rows:
            self._db.register("new_rows", rows)
            self._db.execute(f'insert into "{table}" select * from new_rows')
            self._db.unregister("new_rows")


_numbers = itertools.count(1)


@lru_cache(maxsize=1)
def _duckdb() -> duckdb.DuckDBPyConnection:
    """One engine for all books of the process, with a schema for each: an engine takes 50 ms to start."""
    connection = duckdb.connect(":memory:")
    connection.execute("set threads = 1")
    connection.execute("set enable_external_access = false")
    atexit.register(_close)
    return connection


def _close() -> None:
    _duckdb().close()
    _duckdb.cache_clear()


def _drop(db: duckdb.DuckDBPyConnection, schema: str) -> None:
    try:
        db.execute(f"drop schema {schema} cascade")
        db.close()
    except duckdb.Error:  # the process ends
        pass


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return ("T" if value else "F") if isinstance(value, bool) else str(value)


def _shown(value: Any) -> str:
    """A value as SuiteQL prints it: numbers without needless zeros, dates without time in the user's format (seen)."""
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal):
        return format(value.normalize() if value else ZERO, "f")
    if isinstance(value, date | datetime):
        return f"{value.month}/{value.day}/{value.year}"
    return str(value)
