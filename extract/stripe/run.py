"""Stripe into `raw_stripe`: complete the first time, cheap every time after.

**First load.** All lists are read side by side, in slices of `created` (`extract.stripe.reader`). The run notes the
newest event before it reads the lists. Afterwards it reads the events since then, and the objects that they name again,
until no new event comes: so an object that changes while the lists are read ends in its last state. Finished slices are
recorded, and the run after a stopped one continues with the others (only while the event feed can say what changed
since).

**Later runs** find changes in three ways and trust none of them alone:

1. the event feed since the last run. Events are hints: the objects that they name are read again in the pinned version;
2. lists. A run may send `list_plan.REQUESTS` requests while nothing has changed. It first reads the windows in which
   a missing event would do most harm: credit notes, invoices and payments newer than the newest known; open invoices;
   credit notes on open invoices; refunds younger than 35 days or still pending; payouts. It spends the spare requests
   on whole lists, in the order of `ENDPOINTS`. In an account of a few hundred objects that is nearly everything, so
   even a feed without events hides nothing for long;
3. the full comparison: every list to its end, as in a first load, and each known object that is not listed any more. It
   runs, and says why, when the feed was last read more than 29 days ago (Stripe keeps 30), when the feed is empty or
   did not name a new object, whenever anything changed and it costs at most `changes.CHEAP` requests, and in any case
   once in seven days.

So the next run sees a change that Stripe announces. It also sees a new document, a settled open invoice or a refund
that moves, even without an event. It sees any other change without an event within seven days, or, in an account that
is small or has no events, in the next run in which anything else has changed.

After both, a run reads what the landed objects refer to (`extract.stripe.references`).

An object that Stripe does not have any more keeps its last content, marked `"deleted": true`. Credit notes, refunds and
finalized invoices are never deleted: one that is known and answers 404 is recorded in `extract_gone` (rule I3).

**Order is not time** (rule P9). `fetched_at` never goes back: it orders versions, whatever the clock said. Ages are
differences of this machine's clock. A stored time in the future makes the run compare everything.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import duckdb

from extract.landing.landing import Landing
from extract.raw_tables import current
from extract.stripe.account import ask_account
from extract.stripe.api import CLOCKS_APART, StripeClient
from extract.stripe.changes import read_changes
from extract.stripe.endpoints import ENDPOINTS, NEVER_DELETED
from extract.stripe.events import EventFeed, FeedPosition
from extract.stripe.gone import GoneObjects, known_sql, recorded_gone
from extract.stripe.list_plan import known_objects
from extract.stripe.reader import Reader
from extract.stripe.references import read_references
from extract.stripe.report import StripeReport
from extract.stripe.run_log import (
    LastRun,
    RunLog,
    StoppedFirstLoad,
    check_target,
    find_last_run,
    find_stopped_first_load,
    greatest_fetched_at,
    unread_slices,
)
from extract.stripe.session import Session
from extract.stripe.slices import Slice
from extract.stripe.worker_pool import WorkerPool
from progress import Progress, Stage
from settings import Settings
from warehouse.ownership import Books, books_of, note_books, require_books
from warehouse.query import ask

EVENTS_KEPT_FOR = timedelta(days=29)  # Stripe keeps 30
COMPARE_EVERY = timedelta(days=7)
ROUNDS = 8  # of reading the events that come while the lists are read


def read_stripe(
    settings: Settings,
    connection: duckdb.DuckDBPyConnection,
    progress: Progress,
    *,
    first_wait: float = 0.5,
    on_news: Callable[[], object] = lambda: None,
) -> StripeReport:
    """Bring `raw_stripe` up to date. first_wait: seconds before the second attempt of a request · on_news: as of
    `Landing`.

    Raises ExtractError, and WrongBooks if the key belongs to another account or mode than the warehouse (rule I1). What
    was landed before the error stays, and the next run builds on it.
    """
    assert settings.stripe_api_key is not None
    check_target(connection, settings.target)
    clock = Clock(greatest_fetched_at(connection))
    client = StripeClient(
        settings.stripe_api_base,
        settings.stripe_api_key.get_secret_value(),
        per_endpoint=settings.stripe_requests_per_second,
        total=settings.stripe_requests_per_second_total,
        clock=clock,
        first_wait=first_wait,
        is_live=require_mode(settings, connection),
    )
    note_books(connection, settings.warehouse_path, Books(ask_account(client), client.livemode.is_live))
    with _rare_collections(), Landing(connection, settings.warehouse_path, on_news) as landing:
        report = _Run(settings, connection, landing, client, find_last_run(connection), clock).run(progress)
    note_books(connection, settings.warehouse_path, Books(is_live=client.livemode.is_live))
    return report


def require_mode(settings: Settings, connection: duckdb.DuckDBPyConnection) -> bool | None:
    """The mode that this run reads: the warehouse's, else the key's; None if neither tells.

    Raises WrongBooks if they differ. A warehouse of an earlier version does not say its mode, but its objects do.
    """
    key = settings.stripe_is_live
    require_books(connection, settings.warehouse_path, Books(is_live=key))
    own = books_of(connection).is_live
    if own is None:
        for table in ("invoices", "customers", "credit_notes"):
            rows = ask(
                connection,
                f"select payload->>'livemode' from raw_stripe.{table} where created is not null limit 1",
            )
            if rows and rows[0][0] is not None:
                own = rows[0][0] == "true"
                note_books(connection, settings.warehouse_path, Books(is_live=own))
                require_books(connection, settings.warehouse_path, Books(is_live=key))
                break
    return key if own is None else own


def wall_clock() -> datetime:
    """This machine's time (UTC)."""
    return datetime.now(UTC)


class Clock:
    """Wall time that never goes back, neither within a run nor behind what earlier runs have given out.

    So the version with the greatest `fetched_at` is the one that was asked for last.
    """

    def __init__(self, not_before: datetime | None):
        now = datetime.now(UTC)
        self._start = max(now, not_before + timedelta(milliseconds=1)) if not_before else now
        self._began = time.monotonic()

    def __call__(self) -> datetime:
        """The time now (UTC)."""
        return self._start + timedelta(seconds=time.monotonic() - self._began)


class _Run:
    """One run: which lists it reads, and in which order its parts follow each other."""

    def __init__(
        self,
        settings: Settings,
        connection: duckdb.DuckDBPyConnection,
        landing: Landing,
        client: StripeClient,
        last_run: LastRun | None,
        clock: Clock,
    ):
        self._settings, self._connection, self._landing, self._client = settings, connection, landing, client
        self._last_run, self._clock = last_run, clock
        self._now = wall_clock()
        self._log = RunLog(connection, clock, wall_clock)
        self._gone = GoneObjects(connection, clock)
        self._stopped = None if last_run else self._resumable_first_load()
        earlier = last_run or self._stopped
        position = earlier.feed_position if earlier else None
        self._feed = EventFeed(client, None if self._is_ahead(position) else position)
        self._distrust_events_until = last_run.distrust_events_until if last_run else None

    def run(self, progress: Progress) -> StripeReport:
        """Read everything that is new, and return the report."""
        report = self._begin()
        known = known_objects(self._connection)
        total = sum(known.values()) if report.mode == "full" else None
        with progress.stage("Stripe", total) as stage, WorkerPool() as workers:
            session = self._session(workers, stage, is_first=report.mode == "first")
            lists_read: frozenset[str] = frozenset()
            if report.mode == "later":
                changes = read_changes(session, self._feed, known)
                lists_read = changes.lists_read
                if changes.why_compare:
                    report.mode, report.why = "full", changes.why_compare
                if changes.missed_event:
                    self._distrust_events_until = self._now + COMPARE_EVERY
            if report.mode != "later":
                self._read_everything(session, lists_read)
            read_references(session, is_full=report.mode != "later")
            self._finish(session, report)
            stage.detail = f", {report.requests} requests, {sum(report.landed.values()):,} new versions"
        return report

    def _begin(self) -> StripeReport:
        if self._last_run:
            self._feed.read()
            why = self._why_compare(self._last_run)
            report = StripeReport("full" if why else "later", why)
        else:
            if not self._stopped:
                self._feed.start_at_newest()
            report = StripeReport("first")
        self._log.begin(self._settings.target, report, self._feed.position())
        return report

    def _session(self, workers: WorkerPool, stage: Stage, *, is_first: bool) -> Session:
        reader = Reader(
            self._client,
            self._landing,
            workers,
            on_slice=self._log.record_slice,
            on_rows=stage,
            on_expected=stage.expect if is_first else None,
            current_payloads=(lambda table, ids: {}) if is_first else self._current_payloads,
            remember_ids=not is_first,
        )
        return Session(
            self._connection,
            self._client,
            self._clock,
            self._landing,
            workers,
            reader,
            self._log,
            self._gone,
            self._last_run.read_up_to if self._last_run else None,
            self._settings.full_ledger,
        )

    def _why_compare(self, last_run: LastRun) -> str | None:
        """Why the events since the last run do not suffice; None if they do."""
        if self._has_future_times(last_run):
            return "times of the last run lie in the future, so the clock was wrong"
        if self._feed.is_empty:
            return "the event feed is empty and so cannot say what changed"
        if not self._is_recent(last_run.started_at):
            return f"the last run began more than {EVENTS_KEPT_FOR.days} days ago and Stripe keeps events for 30"
        if self._distrust_events_until and self._now < self._distrust_events_until:
            return "the event feed lately did not name a new object"
        if not last_run.compared_at or self._now - last_run.compared_at > COMPARE_EVERY:
            return f"the last one was more than {COMPARE_EVERY.days} days ago"
        return None

    def _has_future_times(self, last_run: LastRun) -> bool:
        """Whether a time that guards compare with now lies in the future (rule P9).

        `fetched_at` stays ahead after a run ahead of time, because it never goes back. So `read_up_to` counts only if
        the run itself went ahead of its own beginning.
        """
        if self._distrust_events_until and self._distrust_events_until > self._now + COMPARE_EVERY:
            self._distrust_events_until = self._now + COMPARE_EVERY
            return True
        times = [last_run.started_at, last_run.finished_at, last_run.compared_at]
        began_ahead = last_run.read_from is not None and last_run.read_from - last_run.started_at > CLOCKS_APART
        if not began_ahead:
            times.append(last_run.read_up_to)
        return any(time and time > self._now for time in times) or self._is_ahead(last_run.feed_position)

    def _is_ahead(self, position: FeedPosition | None) -> bool:
        """Whether a position in the feed lies in the future, where it would hide the events until then."""
        return position is not None and position.created > (self._now + CLOCKS_APART).timestamp()

    def _resumable_first_load(self) -> StoppedFirstLoad | None:
        """The stopped first load, while the event feed still says what changed since it began."""
        stopped = find_stopped_first_load(self._connection)
        return stopped if stopped and self._is_recent(stopped.started_at) else None

    def _is_recent(self, moment: datetime) -> bool:
        return timedelta(0) <= self._now - moment < EVENTS_KEPT_FOR

    def _read_everything(self, session: Session, lists_read: frozenset[str]) -> None:
        """Read every list in full, less `lists_read` and what a stopped first load has finished."""
        for table, endpoint in ENDPOINTS.items():
            if table in lists_read:
                continue
            unread = unread_slices(self._connection, table, self._stopped.position) if self._stopped else [(None, None)]
            for gte, lt in unread:
                session.reader.read_list(Slice(endpoint, gte, lt))
        session.workers.run()
        if self._last_run:
            self._read_unlisted(session)
        self._feed.named.clear()
        for _ in range(ROUNDS):
            self._feed.read()
            if not self._feed.named:
                break
            session.read_objects(self._feed.named)
            self._feed.named.clear()

    def _read_unlisted(self, session: Session) -> None:
        """Read known objects that no list has shown: deleted ones, and customers on test clocks.

        An earlier version marked everything that answered 404 as deleted: what Stripe never deletes is asked for again.
        """
        self._landing.flush()
        gone = recorded_gone(self._connection)
        for table in ENDPOINTS:
            known = ask(
                self._connection,
                f"select id from {current(table)} where coalesce(payload->>'deleted', '') <> 'true'"
                + (f" union {known_sql(table)}" if table in NEVER_DELETED else ""),
            )
            listed = session.reader.ids_read.get(table, set())
            session.read_objects(
                (table, identifier)
                for (identifier,) in known
                if identifier not in listed and (table, identifier) not in gone
            )

    def _finish(self, session: Session, report: StripeReport) -> None:
        self._landing.flush()
        report.gone = self._gone.store(session.reader.ids_read)
        report.unread_ledgers = self._log.unread_ledgers()
        report.sessions_refused = self._log.sessions_refused
        report.requests, report.objects_read = self._client.requests_sent, session.reader.objects
        report.landed = dict(self._landing.landed)
        report.lines_landed = {table: lines for table, lines in self._landing.lines.items() if lines}
        report.customers, report.ledgers_read = self._log.ledger_coverage()
        self._log.finish(report, self._feed.position(), self._distrust_events_until)

    def _current_payloads(self, table: str, ids: list[str]) -> dict[str, str]:
        """Current payloads of known objects. Readers call this in their threads, so it has a cursor of its own."""
        with self._connection.cursor() as cursor:
            rows = cursor.execute(
                f"""
                select id, arg_max(payload, fetched_at) from raw_stripe.{table}
                where id in (select unnest(?::varchar[])) group by id""",
                [ids],
            ).fetchall()
        return dict(rows)


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Make Python's cyclic garbage collector run rarely.

    It runs after some hundred new containers. Parsed JSON has no cycles, but thousands of containers a page, and
    collecting would take twice as long as parsing.
    """
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(200000, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()
