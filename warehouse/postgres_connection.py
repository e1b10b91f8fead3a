"""A warehouse in Postgres, asked as the loader asks DuckDB: `execute`, `fetchall`, `fetchmany`, `description`, `?`.

with open_postgres(url, "push") as warehouse:    # another run holds the warehouse: WarehouseLocked
    rows = ask(warehouse.cursor(), "select ... where external_id = ?", ["cn_1"])

One command at a time, also from another machine, holds the advisory lock of the database. It belongs to the session of
`PostgresWarehouse.execute`, and the journal writes by that same session: when Postgres loses it, and with it the lock,
the journal cannot write any more, and nothing is sent. A pooler between us and Postgres would take session and lock
apart, so it is refused.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from types import TracebackType
from typing import Any

import psycopg  # type: ignore[import-not-found,unused-ignore]

from warehouse.connection import WarehouseError, WarehouseLocked
from warehouse.postgres import PostgresUrl
from warehouse.waiting import PAUSE, patience

LOCK = 0x57524948  # any number, the same in every release
"""Key of the advisory lock. It holds within one database."""

HOLDER = """
select
    coalesce(activity.application_name, 'another role'), coalesce(host(activity.client_addr), 'this machine'),
    activity.pid
from pg_locks as locks
inner join pg_stat_activity as activity on locks.pid = activity.pid
where locks.locktype = 'advisory' and locks.granted and locks.classid = 0 and locks.objid = ?
    and locks.database = (select oid from pg_database where datname = current_database())
"""

CONNECT_SECONDS = 10

ALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000}
"""When either side takes a silent connection for lost: after a minute. The lock is free then, and nobody waits for an
answer that cannot come."""

OPTIONS = {
    "synchronous_commit": "on",  # whatever the server is set to: a row of the journal is on disk before a request (P2)
    "timezone": "UTC",
    "jit": "off",
    "idle_session_timeout": 0,  # the session with the lock is idle while dbt builds and while NetSuite answers
    **{name if name.startswith("tcp_") else f"tcp_{name}": value for name, value in ALIVE.items()},
}
"""Settings of each session."""

ROWS_AT_ONCE = 10_000

POOLER = (
    "WAREHOUSE_URL leads to a pooler, as pgbouncer is one: it hands out the sessions of Postgres, and with them the "
    "lock that keeps two runs apart. Name the host and port of Postgres itself"
)
CERTIFICATE = (
    "WAREHOUSE_URL names the authority that vouches for the server by sslrootcert=/path/to/ca.pem, or by "
    "sslrootcert=system those in the file that SSL_CERT_FILE names"
)


class PostgresError(WarehouseError):
    """Postgres refused a statement, or could not be reached. The words hold no password."""


class PostgresCursor:
    """One session, and the answer of its last statement. Every statement is a transaction of its own, on disk when
    `execute` returns."""

    def __init__(self, session: psycopg.Connection[tuple[Any, ...]]) -> None:
        self.session = session
        self._answer = session.cursor()
        self._lock = threading.Lock()

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> PostgresCursor:
        """parameters: one for each `?`. Raises PostgresError."""
        with self._lock, translated():
            if parameters:
                self._answer.execute(with_placeholders(sql), [sendable(value) for value in parameters])
            else:
                self._answer.execute(sql)
        return self

    def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> PostgresCursor:
        """The statement for each row. Raises PostgresError."""
        with self._lock, translated():
            self._answer.executemany(with_placeholders(sql), [[sendable(value) for value in row] for row in rows])
        return self

    def in_bulks(self, sql: str) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a query, `ROWS_AT_ONCE` at a time: no more of them is in memory. Raises PostgresError."""
        with translated(), self.session.transaction(), self.session.cursor(name="bulks") as cursor:
            cursor.execute(sql)
            while rows := cursor.fetchmany(ROWS_AT_ONCE):
                yield rows

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows that were not fetched yet; none after a statement without rows. Raises PostgresError."""
        with translated():
            return self._answer.fetchall() if self._answer.description else []

    def fetchmany(self, size: int) -> list[tuple[Any, ...]]:
        """The next rows, at most `size`. Raises PostgresError."""
        with translated():
            return self._answer.fetchmany(size) if self._answer.description else []

    @property
    def description(self) -> list[Any]:
        """A sequence a column; its first value is the name."""
        return list(self._answer.description or ())

    def close(self) -> None:
        """Ends the session."""
        self.session.close()

    def __del__(self) -> None:
        """A cursor that nobody has any more ends its session. One that never had any is nothing to end."""
        if hasattr(self, "session"):
            self.close()


class PostgresWarehouse(PostgresCursor):
    """The session that holds the lock, and further ones by `cursor`. A context manager: the lock is free at its end."""

    def __init__(self, url: PostgresUrl, command: str) -> None:
        self._url, self._command = url, command
        super().__init__(self._session_of())

    def cursor(self) -> PostgresCursor:
        """A session of its own, for answers that are read while others are asked. Raises PostgresError."""
        return PostgresCursor(self._session_of())

    def _session_of(self) -> psycopg.Connection[tuple[Any, ...]]:
        with translated():
            return psycopg.connect(
                **self._url.for_psycopg(),
                **ALIVE,
                autocommit=True,
                application_name=f"stripe-credit-to-netsuite {self._command}",
                connect_timeout=CONNECT_SECONDS,
                options=" ".join(f"-c {name}={value}" for name, value in OPTIONS.items()),
            )

    def take_lock(self) -> None:
        """Waits as `warehouse.waiting` allows, then raises WarehouseLocked, which names the holder. Raises
        PostgresError where a pooler is in between."""
        if self.is_pooled():
            raise PostgresError(POOLER)
        until, told = time.monotonic() + patience().seconds, ""
        while not self.execute("select pg_try_advisory_lock(?)", [LOCK]).fetchall()[0][0]:
            holder = self._holder()
            if time.monotonic() >= until:
                raise WarehouseLocked(
                    f"the database {self._url.database} is held by {holder}: wait until it ends there and run again"
                )
            if holder != told:
                patience().tell(f"the database {self._url.database} is held by {holder}: waiting until it ends")
                told = holder
            time.sleep(min(PAUSE, max(0.0, until - time.monotonic())))

    def free_lock(self) -> None:
        """Postgres would free it, too, but a moment after the end of the session: the next stage would find it held."""
        with suppress(PostgresError):
            self.execute("select pg_advisory_unlock_all()")

    def is_pooled(self) -> bool:
        """Whether a pooler answers: the process that it names at the connect is not the one that answers."""
        return self.execute("select pg_backend_pid()").fetchall() != [(self.session.info.backend_pid,)]

    def require_lock(self) -> None:
        """Raises PostgresError when the session has ended since `take_lock`, and with it the lock."""
        self.execute("select 1")

    def _holder(self) -> str:
        rows = self.execute(HOLDER, [LOCK]).fetchall()
        return f"{rows[0][0]} on {rows[0][1]} (process {rows[0][2]} of Postgres)" if rows else "another run"

    def __enter__(self) -> PostgresWarehouse:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextmanager
def open_postgres(url: PostgresUrl, command: str) -> Iterator[PostgresWarehouse]:
    """The warehouse, held by this command alone. Raises WarehouseLocked, PostgresError."""
    with PostgresWarehouse(url, command) as warehouse:
        warehouse.take_lock()
        try:
            yield warehouse
        finally:
            warehouse.free_lock()


@lru_cache(maxsize=256)
def with_placeholders(sql: str) -> str:
    """psycopg's %s for each `?`. No statement of the loader has a question mark in a text."""
    return sql.replace("%", "%%").replace("?", "%s")


def sendable(value: Any) -> Any:
    """A value as Postgres can hold it: no text has a null character or half a character."""
    if isinstance(value, str) and ("\0" in value or not value.isascii()):
        return value.replace("\0", "").encode(errors="replace").decode()
    return value


@contextmanager
def translated() -> Iterator[None]:
    """Raises PostgresError in place of psycopg's errors."""
    try:
        yield
    except psycopg.Error as error:
        words = (str(error).strip().splitlines() or [type(error).__name__])[0][:300].rstrip(".")
        if "startup parameter" in words:  # pgbouncer refuses those that it does not know
            raise PostgresError(f"{POOLER} ({words})") from None
        if "certificate" in words:
            raise PostgresError(f"Postgres shows no certificate that can be checked ({words}). {CERTIFICATE}") from None
        if isinstance(error, psycopg.OperationalError):
            raise PostgresError(
                f"Postgres cannot be reached or ended the session ({words}): check WAREHOUSE_URL and the server, then "
                "run again. What was committed is kept"
            ) from None
        if isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.InvalidSchemaName):
            raise PostgresError(f"a table is missing in Postgres ({words}): run `make run`") from None
        raise PostgresError(f"Postgres refused a statement: {words}") from None
