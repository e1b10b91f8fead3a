"""The journal: what was tried at NetSuite and what came of it, durable in the warehouse before the next
step (P2).

    with open_warehouse(path) as warehouse:          # held for the whole push
        journal = Journal(warehouse)
        attempt = journal.attempted("creditMemo", "cn_1", "create", body)     # on disk when this returns
        ... send ...
        journal.write(attempt.result("created", internal_id="17"))            # on disk when this returns

A DuckDB commit appends to the write-ahead log and syncs it, so a row that `write` has returned survives
`kill -9`. An attempt without a result is therefore a request that may or may not have had an effect: the
next run asks NetSuite for its external id before it sends anything. If a commit fails (disk full, broken
file) the journal closes itself: every later `write` fails too, and no request leaves without a committed
attempt.
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
from warehouse.query import give_more_memory, is_for_memory

ROWS_AT_ONCE = 100  # of one statement: one of 900 rows takes DuckDB 120 MB, one of 100 takes 20 MB and less time

PRESENT = ("created", "adopted")  # states that say: the record is in NetSuite
WRITTEN = (*PRESENT, "applied")

# Columns of the log after run_id, attempt_id and at, in the order of the table (tables.py).
COLUMNS = (
    *("record_type", "external_id", "operation", "status", "internal_id", "http_status", "error_code"),
    *("error_detail", "netsuite_operation_id", "payload", "duration_ms"),
)


@dataclass(frozen=True)
class Entry:
    """One row of the log; `at`, `run_id` and (unless given) `attempt_id` are the journal's to fill in."""

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

    def result(self, status: str, **more: Any) -> Entry:
        """The row that ends this attempt: same attempt id, no payload of its own."""
        return replace(self, status=status, payload=None, **more)


class Journal:
    """Appends to `load_netsuite.load_log`. Safe to share between threads: whoever comes while a commit is
    under way waits and goes into the next one, so that many threads cost one sync (group commit)."""

    def __init__(self, warehouse: duckdb.DuckDBPyConnection, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._cursor = warehouse.cursor()
        self._queue: list[tuple[_Ticket, Sequence[Entry]]] = []
        self._queue_lock = threading.Lock()
        self._commit_lock = threading.Lock()
        self._failure: str | None = None
        self.run_id = f"{dt.datetime.fromtimestamp(self._clock.now(), dt.UTC):%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"
        ((latest,),) = self._cursor.execute("select epoch_us(max(load_log.at)) from load_netsuite.load_log").fetchall()
        self._latest: int = latest or 0

    def attempted(self, record_type: str, external_id: str, operation: str, payload: str) -> Entry:
        """Writes down that a request is about to leave. Once this returns it may."""
        attempt_id = uuid.uuid4().hex
        entry = Entry(record_type, external_id, operation, "attempted", attempt_id=attempt_id, payload=payload)
        self.write(entry)
        return entry

    def write(self, *entries: Entry) -> None:
        """Returns when the rows are on disk. Raises JournalError, now and for ever after, when they cannot
        be."""
        if not entries:
            return
        ticket = _Ticket()
        with self._queue_lock:
            self._queue.append((ticket, entries))
        with self._commit_lock:
            if not ticket.done:  # else another thread took our rows along
                with self._queue_lock:
                    batch, self._queue = self._queue, []
                self._commit(batch)
        if self._failure and not ticket.written:
            raise JournalError(self._failure)

    def _commit(self, batch: Sequence[tuple[_Ticket, Sequence[Entry]]]) -> None:
        try:
            if self._failure is None:
                rows = [entry for _, entries in batch for entry in entries]
                for start in range(0, len(rows), ROWS_AT_ONCE):
                    self._insert(rows[start : start + ROWS_AT_ONCE])
                for ticket, _ in batch:
                    ticket.written = True
        except (duckdb.Error, OSError) as error:
            self._failure = (
                f"the load log cannot be written ({type(error).__name__}: {str(error)[:300]}); nothing "
                "more was sent. Mend the disk or the warehouse file and run again: what was under way is "
                "looked up in NetSuite first."
            )
        finally:
            for ticket, _ in batch:
                ticket.done = True

    def _insert(self, entries: Sequence[Entry]) -> None:
        values: list[Any] = []
        for entry in entries:
            columns = [getattr(entry, name) for name in COLUMNS]
            values += [self.run_id, entry.attempt_id or uuid.uuid4().hex, self._tick(), *columns]
        row = "(?, ?, make_timestamptz(?), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        statement = f"insert into load_netsuite.load_log values {', '.join([row] * len(entries))}"
        while True:
            try:
                self._cursor.execute(statement, values)
            except duckdb.Error as error:
                # A question to the marts, asked at the same time, may have used up what memory there was.
                if not is_for_memory(error) or not give_more_memory(self._cursor):
                    raise
                if self._is_there(first_tick=values[2]):  # of a commit that failed only the table can tell
                    return
            else:
                return

    def _is_there(self, first_tick: int) -> bool:
        rows = self._cursor.execute(
            "select count(*) from load_netsuite.load_log where load_log.at = make_timestamptz(?)", [first_tick]
        ).fetchall()
        return bool(rows[0][0])

    def _tick(self) -> int:
        """Microseconds since 1970, later than every row before: a clock that was set back must not reorder
        the log."""
        self._latest = max(self._latest + 1, int(self._clock.now() * 1_000_000))
        return self._latest


class _Ticket:
    """Says to a waiting thread what became of its rows."""

    done = False
    written = False
