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

from extract.errors import ExtractError
from extract.stripe.endpoints import BALANCE_LEDGERS
from extract.stripe.events import FeedPosition
from extract.stripe.report import StripeReport
from extract.stripe.slices import Slice
from warehouse.query import ask


@dataclass(frozen=True)
class LastRun:
    """The last run that finished.

    read_up_to: greatest `fetched_at` it can have landed · compared_at: start of the last run that read every list in
    full · distrust_events_until: the feed missed an event, so whole lists are compared until then.
    """

    started_at: datetime
    read_up_to: datetime
    compared_at: datetime | None
    distrust_events_until: datetime | None
    feed_position: FeedPosition | None


@dataclass(frozen=True)
class StoppedFirstLoad:
    """A first load that was stopped before its end."""

    started_at: datetime
    feed_position: FeedPosition


def check_target(connection: duckdb.DuckDBPyConnection, target: str) -> None:
    """Raise ExtractError if the warehouse holds data of another TARGET."""
    rows = ask(connection, "select target from raw_stripe.extract_runs where target <> ? limit 1", [target])
    if rows:
        raise ExtractError(
            f"this warehouse file holds data of TARGET={rows[0][0]}, this run is TARGET={target}: "
            "set WAREHOUSE_PATH to another file"
        )


def find_last_run(connection: duckdb.DuckDBPyConnection) -> LastRun | None:
    """The last finished run; None before the end of the first load."""
    rows = ask(
        connection,
        """
        select
            started_at,
            read_up_to,
            (select max(started_at) from raw_stripe.extract_runs
             where finished_at is not null and mode in ('first', 'full')) as compared_at,
            distrust_until,
            event_id,
            event_created,
            recent_events
        from raw_stripe.extract_runs where finished_at is not null order by started_at desc limit 1""",
    )
    if not rows:
        return None
    started_at, read_up_to, compared_at, distrust_until, *position = rows[0]
    return LastRun(started_at, read_up_to, compared_at, distrust_until, _feed_position(*position))


def find_stopped_first_load(connection: duckdb.DuckDBPyConnection) -> StoppedFirstLoad | None:
    """The oldest run that was stopped and that knew its position in the event feed."""
    rows = ask(
        connection,
        """
        select started_at, event_id, event_created, recent_events from raw_stripe.extract_runs
        where finished_at is null and event_id is not null order by started_at limit 1""",
    )
    if not rows or not (position := _feed_position(*rows[0][1:])):
        return None
    return StoppedFirstLoad(rows[0][0], position)


def unread_slices(
    connection: duckdb.DuckDBPyConnection, table: str, since: datetime
) -> list[tuple[int | None, int | None]]:
    """The parts of a list that no slice finished at or after `since` covers: bounds (gte, lt) of `created`."""
    finished = ask(
        connection,
        """
        select created_gte, created_lt from raw_stripe.extract_slices
        where endpoint = ? and parent_id is null and finished_at >= ?
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


def _feed_position(event_id: str | None, created: datetime | None, recent_ids: str | None) -> FeedPosition | None:
    if event_id is None or created is None:
        return None
    return FeedPosition(event_id, int(created.timestamp()), json.loads(recent_ids or "[]"))


class RunLog:
    """Records one run. Slices are recorded in the landing thread, on a cursor of their own."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, clock: Callable[[], datetime]):
        self._connection, self._clock = connection, clock
        self._run_id = uuid.uuid4().hex
        self._started_at = clock()
        self._lock = threading.Lock()

    def begin(self, target: str, report: StripeReport, position: FeedPosition | None) -> None:
        """Insert the row of the run."""
        self._connection.execute(
            """
            insert into raw_stripe.extract_runs
                (run_id, target, mode, why, started_at, event_id, event_created, recent_events)
            values (?, ?, ?, ?, ?, ?, to_timestamp(?), ?)""",
            [self._run_id, target, report.mode, report.why, self._started_at, *_feed_columns(position)],
        )

    def finish(
        self, report: StripeReport, position: FeedPosition | None, distrust_events_until: datetime | None
    ) -> None:
        """Complete the run's row. Call it when everything read is loaded."""
        now = self._clock()
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
                now,
                now,
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
        return lambda pages, objects: self._insert(table, parent_id, None, None, pages, objects, 0)

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
                [self._run_id, *values, self._clock()],
            )


def _feed_columns(position: FeedPosition | None) -> tuple[Any, Any, str]:
    if position is None:
        return None, None, "[]"
    return position.event_id, position.created, json.dumps(position.recent_ids)
