"""What runs record about themselves: `raw_stripe.extract_runs` and `raw_stripe.extract_slices`."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from extract.stripe.endpoints import BALANCE_LEDGERS, TABLES
from extract.stripe.events import FeedPosition
from extract.stripe.report import StripeReport
from extract.stripe.slices import Slice
from warehouse.ownership import MEND, WrongBooks
from warehouse.query import ask


@dataclass(frozen=True)
class LastRun:
    """The last run that finished.

    Times by this machine's clock: started_at, finished_at · compared_at: start of the last run that read every list in
    full · distrust_events_until: the feed missed an event, so whole lists are compared until then.
    On the clock of `fetched_at`: read_from, before its first request (None: unknown) · read_up_to: the greatest
    `fetched_at` that it can have landed.
    """

    started_at: datetime
    finished_at: datetime
    read_from: datetime | None
    read_up_to: datetime
    compared_at: datetime | None
    distrust_events_until: datetime | None
    feed_position: FeedPosition | None


@dataclass(frozen=True)
class StoppedFirstLoad:
    """A first load that was stopped before its end. `position`: its place in the order of the runs."""

    position: int
    started_at: datetime
    feed_position: FeedPosition


def check_target(connection: duckdb.DuckDBPyConnection, target: str) -> None:
    """Raise WrongBooks if the warehouse holds data of another TARGET."""
    rows = ask(connection, "select target from raw_stripe.extract_runs where target <> ? limit 1", [target])
    if rows:
        raise WrongBooks(f"this warehouse file holds data of TARGET={rows[0][0]}, this run is TARGET={target}: {MEND}")


def find_last_run(connection: duckdb.DuckDBPyConnection) -> LastRun | None:
    """The last finished run; None before the end of the first load."""
    rows = ask(
        connection,
        """
        select
            started_at,
            finished_at,
            read_from,
            read_up_to,
            (select arg_max(started_at, position) from raw_stripe.extract_runs
             where finished_at is not null and mode in ('first', 'full')) as compared_at,
            distrust_until,
            event_id,
            event_created,
            recent_events
        from raw_stripe.extract_runs where finished_at is not null order by position desc limit 1""",
    )
    if not rows:
        return None
    started_at, finished_at, read_from, read_up_to, compared_at, distrust_until, *position = rows[0]
    return LastRun(
        started_at, finished_at, read_from, read_up_to, compared_at, distrust_until, _feed_position(*position)
    )


def find_stopped_first_load(connection: duckdb.DuckDBPyConnection) -> StoppedFirstLoad | None:
    """The oldest run that was stopped and that knew its position in the event feed."""
    rows = ask(
        connection,
        """
        select position, started_at, event_id, event_created, recent_events from raw_stripe.extract_runs
        where finished_at is null and event_id is not null order by position limit 1""",
    )
    if not rows or not (feed := _feed_position(*rows[0][2:])):
        return None
    position, started_at = rows[0][:2]
    return StoppedFirstLoad(position, started_at, feed)


def unread_slices(connection: duckdb.DuckDBPyConnection, table: str, since: int) -> list[tuple[int | None, int | None]]:
    """The parts of a list that no slice of the run at position `since` or of a later one covers: bounds (gte, lt) of
    `created`."""
    finished = ask(
        connection,
        """
        select created_gte, created_lt from raw_stripe.extract_slices
        where
            endpoint = ? and parent_id is null
            and run_id in (select run_id from raw_stripe.extract_runs where position >= ?)
        order by created_gte nulls first""",
        [table, since],
    )
    unread: list[tuple[int | None, int | None]] = []
    read_below: int | None = None
    for gte, lt in finished:
        if gte is not None and (read_below is None or gte > read_below):
            unread.append((read_below, gte))
        if lt is None:
            return unread
        read_below = max(read_below or lt, lt)
    return [*unread, (read_below, None)]


def greatest_fetched_at(connection: duckdb.DuckDBPyConnection) -> datetime | None:
    """The greatest `fetched_at` that any run has given out, stopped ones included."""
    sources = [f"select max(fetched_at) as given from raw_stripe.{table}" for table in TABLES]
    sources.append("select max(read_up_to) from raw_stripe.extract_runs")
    sources.append("select max(read_up_to) from raw_stripe.extract_transforms")
    ((greatest,),) = ask(connection, f"select max(given) from ({' union all '.join(sources)})")
    return greatest if isinstance(greatest, datetime) else None


def _feed_position(event_id: str | None, created: datetime | None, recent_ids: str | None) -> FeedPosition | None:
    if event_id is None or created is None:
        return None
    return FeedPosition(event_id, int(created.timestamp()), json.loads(recent_ids or "[]"))


class RunLog:
    """Records one run. Slices are recorded in the landing thread, on a cursor of their own.

    clock: of `fetched_at` · wall_clock: this machine's, for ages · sessions_refused: why the key may not read Checkout
    sessions, if so.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        clock: Callable[[], datetime],
        wall_clock: Callable[[], datetime],
    ):
        self.sessions_refused: str | None = None
        self._connection, self._clock, self._wall_clock = connection, clock, wall_clock
        self._run_id = uuid.uuid4().hex
        self._started_at, self._read_from = wall_clock(), clock()
        self._lock = threading.Lock()

    def begin(self, target: str, report: StripeReport, position: FeedPosition | None) -> None:
        """Insert the row of the run."""
        self._connection.execute(
            """
            insert into raw_stripe.extract_runs
                (run_id, target, mode, why, started_at, read_from, event_id, event_created, recent_events)
            values (?, ?, ?, ?, ?, ?, ?, to_timestamp(?), ?)""",
            [
                self._run_id,
                target,
                report.mode,
                report.why,
                self._started_at,
                self._read_from,
                *_feed_columns(position),
            ],
        )

    def finish(
        self, report: StripeReport, position: FeedPosition | None, distrust_events_until: datetime | None
    ) -> None:
        """Complete the run's row. Call it when everything read is loaded."""
        self._connection.execute(
            """
            update raw_stripe.extract_runs set
                mode = ?, why = ?, finished_at = ?, read_up_to = ?, event_id = ?,
                event_created = to_timestamp(?), recent_events = ?, distrust_until = ?, requests = ?,
                objects_read = ?, versions_landed = ?, customers = ?, ledgers_read = ?
            where run_id = ?""",
            [
                report.mode,
                report.why,
                self._wall_clock(),
                self._clock(),
                *_feed_columns(position),
                distrust_events_until,
                report.requests,
                report.objects_read,
                sum(report.landed.values()),
                report.customers,
                report.ledgers_read,
                self._run_id,
            ],
        )

    def record_slice(self, list_slice: Slice) -> None:
        """Record a slice that is read to its end and loaded."""
        # A filtered list is no slice of a whole list. The filter in `parent_id` tells it apart.
        parent = "&".join(f"{name}={value}" for name, value in list_slice.filters.items()) or None
        self._insert(
            list_slice.endpoint.table,
            parent,
            list_slice.gte,
            list_slice.lt,
            list_slice.pages,
            list_slice.objects,
            list_slice.lines,
        )

    def recorder_of(self, table: str, parent_id: str) -> Callable[[int, int], None]:
        """A function that records a nested list of `parent_id`, given its pages and objects."""

        def record(pages: int, objects: int) -> None:
            self._insert(table, parent_id, None, None, pages, objects, 0)
            if table == BALANCE_LEDGERS:
                with self._lock, self._connection.cursor() as cursor:
                    cursor.execute("delete from raw_stripe.extract_unread_ledgers where customer_id = ?", [parent_id])

        return record

    def record_unread_ledger(self, customer: str) -> None:
        """Record that a customer's ledger answered 404."""
        with self._lock, self._connection.cursor() as cursor:
            cursor.execute("delete from raw_stripe.extract_unread_ledgers where customer_id = ?", [customer])
            cursor.execute("insert into raw_stripe.extract_unread_ledgers values (?, ?)", [customer, self._clock()])

    def unread_ledgers(self) -> list[str]:
        """The customers whose ledger answered 404 when it was last asked for."""
        rows = ask(self._connection, "select customer_id from raw_stripe.extract_unread_ledgers order by customer_id")
        return [customer for (customer,) in rows]

    def ledger_coverage(self) -> tuple[int, int]:
        """The number of customers, and of those whose balance ledger some run has read.

        The others have no balance and no document that shows one.
        """
        ((customers, ledgers_read),) = ask(
            self._connection,
            f"""
            select
                (select count(distinct id) from raw_stripe.customers),
                (select count(distinct parent_id) from raw_stripe.extract_slices
                 where endpoint = '{BALANCE_LEDGERS}')""",
        )
        return customers, ledgers_read

    def _insert(self, *values: object) -> None:
        with self._lock, self._connection.cursor() as cursor:
            cursor.execute(
                "insert into raw_stripe.extract_slices values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [self._run_id, *values, self._wall_clock()],
            )


def _feed_columns(position: FeedPosition | None) -> tuple[Any, Any, str]:
    if position is None:
        return None, None, "[]"
    return position.event_id, position.created, json.dumps(position.recent_ids)
