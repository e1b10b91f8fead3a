"""The journal: every attempt at NetSuite and its result, durable in the warehouse before the next step (P2).

    with open_with_journal(path) as warehouse:       # held for the whole push
        journal = Journal(warehouse)
        attempt = journal.attempted("creditMemo", "cn_1", "create", body)     # on disk when this returns
        ... send ...
        journal.write(attempt.result("created", internal_id="17"))            # on disk when this returns

A DuckDB commit appends to the write-ahead log and syncs it, so a row survives `kill -9` once `write` has returned. An
attempt without a result is a request whose effect is unknown: the next run asks NetSuite for its external id before it
sends anything. If a commit fails (disk full, broken file), the journal closes itself: every later `write` fails too,
and no request leaves without a committed attempt.

`position` is the order of the rows (rule P9); `at` is the clock's, for people.
"""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from load_netsuite.errors import JournalError
from netsuite.concurrency import Clock
from warehouse.connection import WarehouseError
from warehouse.query import Warehouse, give_more_memory, is_for_memory

ROWS_AT_ONCE = 100  # in one statement: 900 rows take DuckDB 120 MB, 100 rows take 20 MB and less time

PRESENT = ("created", "adopted")  # statuses of a record that is in NetSuite
WRITTEN = (*PRESENT, "applied")
RESULTS = (*WRITTEN, "rejected")
"""Statuses that end an attempt (rule P2)."""
NO_EFFECT_SEEN = "NO_EFFECT_SEEN"
"""Error code of a `rejected` row that ends an attempt without effect in NetSuite. It is no refusal (rule P2)."""

# Columns of the log between `at` and `position`, in the order of the table (tables.py).
COLUMNS = (
    *("record_type", "external_id", "operation", "status", "internal_id", "http_status", "error_code"),
    *("error_detail", "netsuite_operation_id", "payload", "duration_ms"),
)

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

LAST_POSITION = "select max(position) from load_netsuite.load_log"


@dataclass(frozen=True)
class Entry:
    """One row of the log. The journal fills in `at`, `position`, `run_id` and, unless given, `attempt_id`."""

    record_type: str
    external_id: str
    operation: str
    status: str
    attempt_id: str = ""
    internal_id: str | None = None
    http_status: int | None = None
    error_code: str | None = None
    error_detail: str | None = None
    netsuite_operation_id: str | None = None
    payload: str | None = None
    duration_ms: int | None = None

    def result(self, status: str, **fields: Any) -> Entry:
        """A row about this attempt: same attempt id, and no payload of its own unless given. `unknown` does not end
        it."""
        return replace(self, status=status, **{"payload": None} | fields)

    def without_effect(self, words: str) -> Entry:
        """The row that ends this attempt because NetSuite shows no effect of it (rule P2)."""
        return self.result("rejected", error_code=NO_EFFECT_SEEN, error_detail=words)


def new_run_id(clock: Clock | None = None) -> str:
    """An id such as `20260301T063000Z-1f0c2b7a`: when the run began (UTC), and chance."""
    now = dt.datetime.fromtimestamp((clock or Clock()).now(), dt.UTC)
    return f"{now:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"


class Journal:
    """Appends to `load_netsuite.load_log`. Safe to share between threads: rows that come during a commit go together
    into the next one, so that many threads cost one sync (group commit)."""

    def __init__(self, warehouse: Warehouse, clock: Clock | None = None, run_id: str | None = None) -> None:
        self._clock = clock or Clock()
        # not a cursor of it: in Postgres the lock of the warehouse belongs to this session
        self._cursor = warehouse
        self._queue: list[tuple[_Ticket, Sequence[Entry]]] = []
        self._queue_lock = threading.Lock()
        self._commit_lock = threading.Lock()
        self._failure: str | None = None
        self.run_id = run_id or new_run_id(self._clock)
        ((last,),) = self._cursor.execute(LAST_POSITION).fetchall()
        self._position: int = last or 0

    def attempted(
        self, record_type: str, external_id: str, operation: str, payload: str, internal_id: str | None = None
    ) -> Entry:
        """Logs that a request is about to leave. It may leave once this returns. Raises JournalError.

        internal_id: of the record that an `apply` changes.
        """
        attempt_id = uuid.uuid4().hex
        entry = Entry(record_type, external_id, operation, "attempted", attempt_id, internal_id, payload=payload)
        self.write(entry)
        return entry

    def write(self, *entries: Entry) -> None:
        """Returns when the rows are on disk. Raises JournalError when they cannot be written, and ever after."""
        if not entries:
            return
        ticket = _Ticket()
        with self._queue_lock:
            self._queue.append((ticket, entries))
        with self._commit_lock:
            if not ticket.done:  # else another thread has committed our rows
                with self._queue_lock:
                    batch, self._queue = self._queue, []
                self._commit(batch)
        if not ticket.written:
            raise JournalError(self._failure or "the load log was not written: this command is being stopped")

    def _commit(self, batch: Sequence[tuple[_Ticket, Sequence[Entry]]]) -> None:
        try:
            if self._failure is None:
                rows = [entry for _, entries in batch for entry in entries]
                for start in range(0, len(rows), ROWS_AT_ONCE):
                    self._insert(rows[start : start + ROWS_AT_ONCE])
                for ticket, _ in batch:
                    ticket.written = True
        except (duckdb.Error, WarehouseError, OSError) as error:
            self._failure = (
                f"the load log cannot be written ({type(error).__name__}: {str(error)[:300]}); nothing "
                "more was sent. Fix the disk or the warehouse file and run again: what was under way is "
                "looked up in NetSuite first."
            )
        except BaseException as error:  # a stop in the middle: whether the rows are there is not known
            self._failure = f"the load log was not written ({type(error).__name__}); nothing more was sent"
            raise
        finally:
            for ticket, _ in batch:
                ticket.done = True

    def _insert(self, entries: Sequence[Entry]) -> None:
        values: list[Any] = []
        first = self._position + 1
        for entry in entries:
            self._position += 1
            now = EPOCH + dt.timedelta(microseconds=int(self._clock.now() * 1_000_000))
            columns = [getattr(entry, name) for name in COLUMNS]
            values += [self.run_id, entry.attempt_id or uuid.uuid4().hex, now, *columns, self._position]
        row = f"({', '.join('?' * (len(COLUMNS) + 4))})"
        statement = f"insert into load_netsuite.load_log values {', '.join([row] * len(entries))}"
        while True:
            try:
                self._cursor.execute(statement, values)
            except duckdb.Error as error:
                # A query of the marts at the same time may have used up the memory.
                if not is_for_memory(error) or not give_more_memory(self._cursor):
                    raise
                # Only the table tells whether a failed commit took effect.
                if self._is_committed(first):
                    return
            else:
                return

    def _is_committed(self, position: int) -> bool:
        rows = self._cursor.execute(
            "select count(*) from load_netsuite.load_log where position = ?", [position]
        ).fetchall()
        return bool(rows[0][0])


class _Ticket:
    """Tells a waiting thread the result for its rows."""

    done = False
    written = False
