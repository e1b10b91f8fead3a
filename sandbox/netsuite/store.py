"""The books on disk: one SQLite file. A change is stored whole or not at all, and `kill -9` loses nothing.

`Books` keeps all rows in memory and reads here what other processes changed. A deleted row stays with an empty body:
so every process sees the deletion, and its id is never used again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

Row = tuple[str, int, bytes | None]  # kind (table name), id, body (None: deleted)


class Store(Protocol):
    """Versioned rows, shared by several processes."""

    def news(self) -> list[Row]:
        """Rows that other processes committed since the last call. The first call returns all rows."""
        ...

    def begin(self) -> list[Row]:
        """Lock out other writers until `commit` or `rollback`. Returns `news`."""
        ...

    def commit(self, rows: Iterable[Row]) -> None:
        """Store the rows and end the transaction."""
        ...

    def rollback(self) -> None:
        """End the transaction without storing anything."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


class NoStore:
    """Stores nothing: for thousands of short histories in memory."""

    def begin(self) -> list[Row]:
        return []

    news = begin

    def commit(self, rows: Iterable[Row]) -> None:
        pass

    def rollback(self) -> None:
        pass

    def close(self) -> None:
        pass


class SqliteStore:
    """One connection. The caller holds a lock. WAL without a sync on each commit survives a killed process."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")
        self._db.execute(
            "create table if not exists record"
            " (version integer primary key, kind text, id integer, body blob, unique (kind, id))"
        )
        self._seen = 0  # the last version this process knows
        self._foreign = -1  # SQLite's counter of other connections' commits

    def news(self) -> list[Row]:
        (foreign,) = self._db.execute("pragma data_version").fetchone()
        if foreign == self._foreign:
            return []
        self._foreign = foreign
        found = self._db.execute(
            "select version, kind, id, body from record where version > ? order by 1", (self._seen,)
        ).fetchall()
        if found:
            self._seen = found[-1][0]
        return [row[1:] for row in found]

    def begin(self) -> list[Row]:
        self._db.execute("begin immediate")
        return self.news()

    def commit(self, rows: Iterable[Row]) -> None:
        numbered = [(version, *row) for version, row in enumerate(rows, self._seen + 1)]
        self._db.executemany("insert or replace into record values (?, ?, ?, ?)", numbered)
        self._db.execute("commit")
        if numbered:
            self._seen = numbered[-1][0]

    def rollback(self) -> None:
        if self._db.in_transaction:  # a full disk ends the transaction by itself
            self._db.execute("rollback")

    def close(self) -> None:
        self._db.close()


def open_store(path: str | Path | None) -> Store:
    """The store in a file; None or ":memory:" stores nothing."""
    return NoStore() if path is None or str(path) == ":memory:" else SqliteStore(Path(path))
