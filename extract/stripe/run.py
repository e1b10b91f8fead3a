"""Stripe into `raw_stripe`: complete the first time, cheap every time after.

**First load.** All lists side by side in slices of `created` (`extract.stripe.reader`). The newest event is noted
before, the events since then are read after, and what they name is read again, until no new event comes: an
object that changed while the lists were read ends in its last state. Finished slices are booked; a run that
was stopped is taken up where it stopped (only while the event feed can say what changed since).

**Later runs** find changes in three ways, none of which is trusted alone:

1. the event feed since the last run. Events are hints: the objects they name are read again in the pinned
   version;
2. lists. A run has `REQUESTS` requests to spend while nothing has changed. First come the windows that a
   missing event would hurt most: credit notes, invoices and payments newer than the newest known; open
   invoices; credit notes on open invoices; refunds younger than 35 days or still pending; payouts. What is
   left over goes into comparing whole lists, in the order of `ENDPOINTS`. For an account of a few hundred
   objects that is nearly everything, so even a feed without events hides nothing for long;
3. the whole comparison: every list in full, as in a first load, and a look at each object that is no longer
   listed. It runs, and says why, when the feed was last read more than 29 days ago (Stripe keeps 30), when
   the feed is empty or was caught not naming a new object, whenever anything changed and it costs at most
   `CHEAP` requests, and in any case once in seven days.

So: a change that Stripe announces is seen by the next run; a new document, a settled open invoice or a
refund that moves is seen by the next run even unannounced; any other unannounced change within seven days,
or, in an account small enough or without events, by the next run in which anything at all has changed.

**What hangs on objects** is read when a row it hangs on has landed since the last finished run: the balance
ledger of a customer (only where it can have rows), the refunds inside a payout, and whatever a credit
document names that no list has shown (deleted customers, customers on test clocks, deleted products).

An object that Stripe no longer has keeps its last content, marked `"deleted": true`.
"""

from __future__ import annotations

import gc
import json
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from extract.errors import ExtractError
from extract.landing.landing import Landing
from extract.progress import Progress, Stage
from extract.raw_tables import current
from extract.stripe.api import PAGE, Stripe
from extract.stripe.endpoints import BALANCE_TRANSACTIONS, BY_OBJECT, ENDPOINTS, LEDGERS, Endpoint, row_of
from extract.stripe.privacy import decode
from extract.stripe.reader import Crew, Reader, Slice, all_events
from settings import Settings
from warehouse.query import ask

REQUESTS = 12  # what a later run may ask while nothing has changed
REFUNDS_MOVE_FOR = timedelta(days=35)  # a refund can still fail about 30 days later
EVENTS_KEPT_FOR = timedelta(days=29)  # Stripe keeps 30
COMPARE_EVERY = timedelta(days=7)
CHEAP = 40  # requests that a whole comparison may take to be made whenever anything changed
EVENTS_SETTLE_FOR = 600  # seconds in which an event may still appear behind a newer one
ROUNDS = 8  # of reading what hangs on what has just landed

# Balance transactions that show which payout carries a refund.
REFUND_TYPES = ("refund", "payment_refund", "refund_failure", "payment_failure_refund")

# Lists whose every new object Stripe announces with a `*.created` event: a new object without one shows that
# the feed is not complete.
ANNOUNCED = ("credit_notes", "invoices", "refunds", "customers")


@dataclass
class StripeReport:
    """What a run read. `landed`: new versions by table; `lines_landed`: their nested lines, as many as were
    counted when they were read. Ledger coverage in customers."""

    mode: str
    why: str | None = None
    requests: int = 0
    objects_read: int = 0
    landed: dict[str, int] = field(default_factory=dict)
    lines_landed: dict[str, int] = field(default_factory=dict)
    customers: int = 0
    ledgers_read: int = 0

    def lines(self) -> list[str]:
        """The report in sentences, one a line."""
        modes = {"first": "first load", "full": "whole comparison", "later": "changes since the last run"}
        said = [f"Stripe: {modes[self.mode]}" + (f" because {self.why}" if self.why else "")]
        said.append(
            f"Stripe: {self.requests} requests, {self.objects_read:,} objects read, "
            f"{sum(self.landed.values()):,} new versions landed"
        )
        if self.lines_landed:
            counted = sorted(self.lines_landed.items())
            counts = ", ".join(f"{count:,} of {table.replace('_', ' ')}" for table, count in counted)
            said.append(f"Stripe: lines landed = lines counted: {counts}")
        said.append(
            f"Stripe: balance ledgers read of {self.ledgers_read:,} of {self.customers:,} customers; the "
            "others show no sign of a balance (FULL_LEDGER=1 reads theirs, too)"
        )
        return said


def read_stripe(
    settings: Settings, connection: duckdb.DuckDBPyConnection, progress: Progress, *, first_wait: float = 0.5
) -> StripeReport:
    """Bring `raw_stripe` up to date. Raises ExtractError; what was landed before stays and is built on."""
    assert settings.stripe_api_key is not None
    past = Past(connection, settings.target)
    clock = Clock(past.read_up_to)
    stripe = Stripe(
        settings.stripe_api_base,
        settings.stripe_api_key.get_secret_value(),
        per_endpoint=settings.stripe_requests_per_second,
        total=settings.stripe_requests_per_second_total,
        clock=clock,
        first_wait=first_wait,
    )
    with _rare_collections(), Landing(connection, settings.warehouse_path) as landing:
        return _Run(settings, connection, landing, stripe, past, clock, progress).run()


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Python looks for garbage in cycles whenever it has made some hundred containers. Parsed JSON has no
    cycles, but thousands of containers a page: looking through them takes twice as long as parsing."""
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(200000, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


class Clock:
    """Wall time that never goes back, neither within a run nor behind the last one, so that the version
    fetched last is the one that was asked for last."""

    def __init__(self, not_before: datetime | None):
        now = datetime.now(UTC)
        self._start = max(now, not_before + timedelta(milliseconds=1)) if not_before else now
        self._began = time.monotonic()

    def __call__(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._began)


class Past:
    """What earlier runs left: the last finished one, and whether one was stopped on the way since."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, target: str):
        self._connection = connection
        other = self._one("select target from raw_stripe.extract_runs where target <> ? limit 1", target)
        if other:
            raise ExtractError(
                f"this warehouse file holds data of TARGET={other[0]}, this run is TARGET={target}: "
                "set WAREHOUSE_PATH to another file"
            )
        finished = self._one("""
            select started_at, read_up_to, event_id, event_created, recent_events, distrust_until
            from raw_stripe.extract_runs where finished_at is not null order by started_at desc limit 1""")
        self.is_first = finished is None
        self.started_at, self.read_up_to, self.event_id, self.event_created, recent, self.distrust_until = (
            finished or (None,) * 6
        )
        self.recent_events = set(json.loads(recent)) if recent else set()
        compared = self._one("""
            select max(started_at) from raw_stripe.extract_runs
            where finished_at is not null and mode in ('first', 'full')""")
        self.compared_at: datetime | None = compared[0] if compared else None
        self.stopped = (
            None
            if finished
            else self._one("""
            select run_id, started_at, event_id, event_created, recent_events from raw_stripe.extract_runs
            where finished_at is null and event_id is not null order by started_at limit 1""")
        )

    def gaps(self, table: str) -> list[tuple[int | None, int | None]]:
        """What of a list a stopped first load has not finished: bounds of the slices still to read."""
        done = self._connection.execute(
            """
            select created_gte, created_lt from raw_stripe.extract_slices
            where endpoint = ? and parent_id is null and finished_at >= ?
            order by created_gte nulls first""",
            [table, self.stopped[1]],
        ).fetchall()
        gaps: list[tuple[int | None, int | None]] = []
        reached: int | None = None  # everything below is read
        for gte, lt in done:
            if gte is not None and (reached is None or gte > reached):
                gaps.append((reached, gte))
            if lt is None:
                return gaps
            reached = max(reached or lt, lt)
        return [*gaps, (reached, None)]

    def _one(self, sql: str, *values: object) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._connection.execute(sql, list(values)).fetchone()
        return row


class _Run:
    """One run, top to bottom."""

    def __init__(
        self,
        settings: Settings,
        connection: duckdb.DuckDBPyConnection,
        landing: Landing,
        stripe: Stripe,
        past: Past,
        clock: Clock,
        progress: Progress,
    ):
        self.settings, self.connection, self.landing, self.stripe = settings, connection, landing, stripe
        self.past, self.clock, self.progress = past, clock, progress
        self.id = uuid.uuid4().hex
        self.started_at = clock()
        self.hinted: set[tuple[str, str]] = set()  # (table, id) that events name
        self.recent_events: dict[str, int] = {}  # id -> created
        self.newest_event: tuple[str, int] | None = None
        self.distrust_until = past.distrust_until
        self.settled_up_to = past.read_up_to  # what hangs on rows fetched until then has been read
        self.whole: set[str] = set()  # lists read in full
        self._book = threading.Lock()

    def run(self) -> StripeReport:
        if self.past.is_first:
            self._note_newest_event()
        else:
            self._read_events()
        why = None if self.past.is_first else self._why_compare()
        report = StripeReport("first" if self.past.is_first else "full" if why else "later", why)
        self._begin(report)
        known = self._known()
        total = sum(known.values()) if report.mode == "full" else None
        with self.progress.stage("Stripe", total) as stage, Crew() as self.crew:
            self.reader = Reader(
                self.stripe,
                self.landing,
                self.crew,
                on_slice=self._book_slice,
                on_rows=lambda table, count: stage(count),
                on_expected=stage.expect if report.mode == "first" else None,
                known=self._payloads,
                remember=not self.past.is_first,
            )
            if report.mode == "later" and (why := self._read_changes(known)):
                report.mode, report.why = "full", why
            if report.mode != "later":
                self._read_everything()
            self._settle(stage)
            self._finish(report)
            stage.detail = f", {report.requests} requests, {sum(report.landed.values()):,} new versions"
        return report

    # ---------- everything

    def _read_everything(self) -> None:
        can_resume = self.past.is_first and self.past.stopped and self._is_recent(self.past.stopped[1])
        for table, endpoint in ENDPOINTS.items():
            if table in self.whole:
                continue  # this run has read it already
            for gte, lt in self.past.gaps(table) if can_resume else [(None, None)]:
                self.reader.list(Slice(endpoint, gte, lt))
        self.crew.run()
        if not self.past.is_first:
            self._look_for_vanished()
        self.hinted.clear()
        for _ in range(ROUNDS):  # what changed while the lists were read
            self._read_events()
            if not self.hinted:
                break
            self._retrieve(self.hinted)
            self.hinted = set()

    def _look_for_vanished(self) -> None:
        """Objects that are known but no longer listed: deleted ones, and customers on test clocks."""
        self.landing.flush()
        for table in ENDPOINTS:
            known = ask(
                self.connection,
                f"""
                select id from {current(table)}
                where coalesce(payload->>'deleted', '') <> 'true'""",
            )
            listed = self.reader.seen.get(table, set())
            self._retrieve((table, identifier) for (identifier,) in known if identifier not in listed)

    # ---------- changes

    def _read_changes(self, known: dict[str, int]) -> str | None:
        """Windows, whole lists as far as the requests go, and what events name. Returns why everything
        must be compared after all, if the feed turns out to miss something."""
        again = self._must_be_read_again()
        plans = self._plan(known, again)
        for plan in plans:
            self.reader.list(plan.piece, cut=plan.cost > REQUESTS)
        self.crew.run()
        self.whole = {plan.piece.endpoint.table for plan in plans if plan.is_whole}
        if missed := self._unannounced(known):
            self._read_events()  # it may have come while the lists were read
            if missed := missed - self.hinted:
                table, identifier = sorted(missed)[0]
                self.distrust_until = self.clock() + COMPARE_EVERY
                return f"the event feed does not name {identifier}, which is new in {table}"
        wanted = self.hinted | {(table, each) for table, ids in again.items() for each in ids}
        self._retrieve(pair for pair in wanted if not self._is_seen(*pair))
        self._read_beside()
        self.landing.flush()
        cost = sum(_pages(count) for table, count in known.items() if table not in self.whole)
        if self.landing.landed and cost <= CHEAP:
            return "something changed and the account is small"
        return None

    def _must_be_read_again(self) -> dict[str, list[str]]:
        """Objects that can change unannounced and matter: open invoices with credit, credit notes on open
        invoices, refunds that are not settled."""
        refunds = ask(
            self.connection,
            f"""
            select id from {current("refunds")}
            where (payload->>'status') in ('pending', 'requires_action')""",
        )
        open_invoices = ask(
            self.connection,
            f"""
            select invoices.id, notes.id
            from {invoice_facts(relation=current("invoices"))} as invoices
            left join {current("credit_notes")} as notes
                on (notes.payload->>'invoice') = invoices.id and (notes.payload->>'status') <> 'void'
            where
                invoices.status in ('open', 'uncollectible')
                and coalesce(invoices.payload->>'deleted', '') <> 'true'
                and (invoices.ledger_moved or notes.id is not null)""",
        )
        return {
            "refunds": [row[0] for row in refunds],
            "invoices": sorted({row[0] for row in open_invoices}),
            "credit_notes": sorted({row[1] for row in open_invoices if row[1]}),
        }

    def _plan(self, known: dict[str, int], again: dict[str, list[str]]) -> list[_Plan]:
        """Which lists to read so that a quiet run stays within `REQUESTS`."""
        windows = {table: self._window(table, again.get(table, [])) for table in ENDPOINTS}
        left = REQUESTS - self.stripe.requests_sent - sum(window.cost for window in windows.values())
        plans: list[_Plan] = []
        for table, window in windows.items():
            whole = _pages(known[table])
            if whole - window.cost <= left:
                left -= whole - window.cost
                plans.append(_Plan(Slice(ENDPOINTS[table]), whole, is_whole=True))
            elif window.piece.gte is not None:
                plans.append(window)
        return plans

    def _window(self, table: str, ids: Sequence[str]) -> _Plan:
        """The part of a list that must be looked at in any case, with what it costs beside: catalogue
        lists none; else what is newer than the newest known, for refunds the last 35 days; longer if that
        reaches `ids` for less than reading each of them."""
        endpoint = ENDPOINTS[table]
        (newest,) = self._one(f"select epoch(max(created))::bigint from raw_stripe.{table}")
        if table in ("coupons", "prices", "products", "tax_rates") or newest is None:
            return _Plan(Slice(endpoint), 0 if newest else 1)
        # Back over the last hour, in which something may have come late, but not over more than a page.
        (page_ago,) = self._one(f"""
            select coalesce(epoch(min(created))::bigint, 0) from (
                select max(created) as created from raw_stripe.{table}
                group by id order by created desc limit {PAGE - 10})""")
        since = max(newest - 3600, page_ago)
        if table in ("refunds", "payouts"):
            since = min(newest, int(time.time())) - int(REFUNDS_MOVE_FOR.total_seconds())
        short = self._older(table, ids, since)
        (oldest,) = self._one(
            f"""
            select epoch(min(created))::bigint from raw_stripe.{table}
            where id in (select unnest(?::varchar[]))""",
            list(ids),
        )
        costs = {since: self._pages_since(table, since) + short}
        if oldest is not None and oldest < since:
            costs[oldest] = self._pages_since(table, oldest)
        since = min(costs, key=lambda start: (costs[start], -start))
        return _Plan(Slice(endpoint, gte=since), costs[since])

    def _older(self, table: str, ids: Sequence[str], since: int) -> int:
        return self._one(
            f"""
            select count(distinct id) from raw_stripe.{table}
            where id in (select unnest(?::varchar[])) and created < to_timestamp(?)""",
            list(ids),
            since,
        )[0]  # type: ignore[no-any-return]

    def _pages_since(self, table: str, since: int) -> int:
        return _pages(
            self._one(f"select count(distinct id) from raw_stripe.{table} where created >= to_timestamp(?)", since)[0]
        )

    def _unannounced(self, known: dict[str, int]) -> set[tuple[str, str]]:
        self.landing.flush()
        new: set[tuple[str, str]] = set()
        for table in ANNOUNCED:
            rows = ask(
                self.connection,
                f"""
                select id from raw_stripe.{table} group by id
                having min(fetched_at) > ?""",
                [self.past.read_up_to],
            )
            new.update((table, identifier) for (identifier,) in rows)
        return new - self.hinted

    def _read_beside(self) -> None:
        """What changes together with an object that has just changed: the invoice and the customer of a
        credit note, the payments and the customer of an invoice."""
        self.landing.flush()
        changed = ask(
            self.connection,
            """
            select 'invoices', (payload->>'invoice') from raw_stripe.credit_notes where fetched_at > $since
            union select 'customers', (payload->>'customer')
            from raw_stripe.credit_notes where fetched_at > $since
            union select 'customers', (payload->>'customer')
            from raw_stripe.invoices where fetched_at > $since
            union select 'invoice_payments', id from raw_stripe.invoices where fetched_at > $since""",
            {"since": self.past.read_up_to},
        )
        payments = [identifier for table, identifier in changed if table == "invoice_payments"]
        if "invoice_payments" not in self.whole:
            for invoice in payments:
                self.reader.list(Slice(ENDPOINTS["invoice_payments"], filters={"invoice": invoice}), cut=False)
        self._retrieve(
            (table, identifier)
            for table, identifier in changed
            if table != "invoice_payments" and identifier and not self._is_seen(table, identifier)
        )

    # ---------- events

    def _note_newest_event(self) -> None:
        """The place in the feed where a first load begins. A load that was stopped keeps its own."""
        stopped = self.past.stopped
        if stopped and self._is_recent(stopped[1]):
            self.newest_event = (stopped[2], int(stopped[3].timestamp()))
            self.recent_events = dict.fromkeys(json.loads(stopped[4]), self.newest_event[1])
            return
        page = self.stripe.page("/v1/events", {"limit": PAGE})
        if page.items:
            self.newest_event = (page.items[0]["id"], page.items[0]["created"])
            self.recent_events = {event["id"]: event["created"] for event in page.items}

    def _read_events(self) -> None:
        """Add what events since the last reading name to `hinted`, and move the place in the feed."""
        if self.newest_event is None and self.past.event_id:
            self.newest_event = (self.past.event_id, int(self.past.event_created.timestamp()))
            self.recent_events = dict.fromkeys(self.past.recent_events, self.newest_event[1])
        since = self.newest_event[1] - EVENTS_SETTLE_FOR if self.newest_event else None
        for event in all_events(self.stripe, since):
            if event["id"] in self.recent_events:
                continue
            self.recent_events[event["id"]] = event["created"]
            if self.newest_event is None or event["created"] >= self.newest_event[1]:
                self.newest_event = (event["id"], event["created"])
            named = (event.get("data") or {}).get("object") or {}
            endpoint = BY_OBJECT.get(named.get("object"))
            if endpoint and named.get("id"):
                self.hinted.add((endpoint.table, named["id"]))

    def _why_compare(self) -> str | None:
        if self.newest_event is None:
            return "the event feed is empty and so cannot say what changed"
        if not self._is_recent(self.past.started_at):
            return f"the last run began more than {EVENTS_KEPT_FOR.days} days ago and Stripe keeps events for 30"
        if self.distrust_until and self.clock() < self.distrust_until:
            return "the event feed lately did not name a new object"
        if not self.past.compared_at or self.clock() - self.past.compared_at > COMPARE_EVERY:
            return f"the last one was more than {COMPARE_EVERY.days} days ago"
        return None

    def _is_recent(self, moment: datetime) -> bool:
        return self.clock() - moment < EVENTS_KEPT_FOR

    # ---------- what hangs on what has landed

    def _settle(self, stage: Stage) -> None:
        """Read ledgers, payouts' refunds and missing references of what has landed, until nothing is new."""
        tried: set[tuple[str, str]] = set()
        for number in range(ROUNDS):
            self.landing.flush()
            if number == 0:
                self.landing.checkpoint()
            since, now = self.settled_up_to, self.clock()
            ask(self.connection, _TOUCHED, {"since": since or _EVER})
            missing = [pair for pair in self._missing(since) if pair not in tried]
            ledgers, payouts = self._ledgers_to_read(since), self._payouts_to_read(since)
            if not (missing or ledgers or payouts):
                return
            tried.update(missing)
            for customer in ledgers:
                self.reader.nested(
                    f"/v1/customers/{customer}/balance_transactions",
                    LEDGERS,
                    customer,
                    {},
                    done=self._book_nested(LEDGERS, customer),
                )
            for payout in payouts:
                self._read_payout(payout)
            self._retrieve(missing)
            self.settled_up_to = now

    def _ledgers_to_read(self, since: datetime | None) -> list[str]:
        """Customers with a row (own, invoice or credit note) fetched after `since` whose ledger can have
        entries: a balance now or before, an invoice whose amounts show a use of balance, a credit note
        with a ledger entry, or a ledger that was read before."""
        if self.settings.full_ledger and since == self.past.read_up_to:
            return [row[0] for row in ask(self.connection, "select distinct id from raw_stripe.customers order by id")]
        rows = ask(
            self.connection,
            f"""
            with touched as (
                select id as customer_id, (payload->>'balance')::bigint <> 0 as can_have
                from raw_stripe.customers where fetched_at > $since
                union all
                select customer_id, ledger_moved from touched_invoices
                union all
                select (payload->>'customer'), (payload->>'customer_balance_transaction') is not null
                from raw_stripe.credit_notes where fetched_at > $since
            )
            select customer_id from touched
            where customer_id is not null
            group by customer_id
            having bool_or(can_have) or customer_id in (
                select parent_id from raw_stripe.extract_slices where endpoint = '{LEDGERS}')
            order by customer_id""",
            {"since": since or _EVER},
        )
        return [row[0] for row in rows]

    def _payouts_to_read(self, since: datetime | None) -> list[str]:
        """Automatic payouts that are new or changed (Stripe does not say what a manual one contains)."""
        if not self._one("select count(*) from raw_stripe.refunds")[0]:
            return []
        rows = ask(
            self.connection,
            """
            select distinct id from raw_stripe.payouts
            where fetched_at > ? and coalesce(payload->>'automatic', 'true') = 'true' order by id
            """,
            [since or _EVER],
        )
        return [row[0] for row in rows]

    def _read_payout(self, payout: str) -> None:
        """The refunds of a payout: its first page, or, if it has more, one list per kind of refund."""
        path, table = "/v1/balance_transactions", BALANCE_TRANSACTIONS

        def is_refund(item: dict[str, Any]) -> bool:
            return item.get("type") in REFUND_TYPES

        def job() -> None:
            page = self.stripe.page(path, {"limit": PAGE, "payout": payout})
            kept = [item for item in page.items if is_refund(item)]
            self.landing.put(table, [row_of(item, page.sent_at, page.api_version, payout) for item in kept])
            if not page.has_more:
                self.landing.after(lambda: self._book_nested(table, payout)(1, len(kept)))
                return
            for kind in REFUND_TYPES:
                self.reader.nested(
                    path,
                    table,
                    payout,
                    {"payout": payout, "type": kind},
                    keep=is_refund,
                    done=self._book_nested(table, payout),
                )

        self.crew.add(job)

    def _missing(self, since: datetime | None) -> list[tuple[str, str]]:
        """(table, id) that credit documents fetched after `since` name and no list has shown."""
        rows = ask(self.connection, _REFERENCES, {"since": since or _EVER})
        return [(table, identifier) for table, identifier in rows]

    def _retrieve(self, pairs: Iterable[tuple[str, str]]) -> None:
        for table, identifier in sorted(set(pairs)):
            endpoint = ENDPOINTS[table]
            self.reader.retrieve(endpoint, identifier, lambda gone, each=endpoint: self._mark_deleted(each, gone))
        self.crew.run()

    def _mark_deleted(self, endpoint: Endpoint, identifier: str) -> None:
        """Land the last known content with `"deleted": true`: mappings in it still serve old documents."""
        cursor = self.connection.cursor()
        known = cursor.execute(
            f"select payload from raw_stripe.{endpoint.table} where id = ? order by fetched_at desc limit 1",
            [identifier],
        ).fetchone()
        cursor.close()
        item = decode(known[0].encode()) if known else {"id": identifier, "object": endpoint.object}
        item["deleted"] = True
        self.landing.put(endpoint.table, [row_of(item, self.clock(), self.stripe.version)])

    # ---------- the books

    def _begin(self, report: StripeReport) -> None:
        event_id, event_created, recent = self._feed_state()
        self.connection.execute(
            """
            insert into raw_stripe.extract_runs
                (run_id, target, mode, why, started_at, event_id, event_created, recent_events)
            values (?, ?, ?, ?, ?, ?, to_timestamp(?), ?)""",
            [
                self.id,
                self.settings.target,
                report.mode,
                report.why,
                self.started_at,
                event_id,
                event_created,
                recent,
            ],
        )

    def _finish(self, report: StripeReport) -> None:
        self.landing.flush()
        report.requests, report.objects_read = self.stripe.requests_sent, self.reader.objects
        report.landed = dict(self.landing.landed)
        report.lines_landed = {table: lines for table, lines in self.landing.lines.items() if lines}
        report.customers, report.ledgers_read = self._coverage()
        event_id, event_created, recent = self._feed_state()
        now = self.clock()
        self.connection.execute(
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
                event_id,
                event_created,
                recent,
                self.distrust_until,
                report.requests,
                report.objects_read,
                sum(report.landed.values()),
                report.customers,
                report.ledgers_read,
                self.id,
            ],
        )

    def _feed_state(self) -> tuple[str | None, int | None, str]:
        if self.newest_event is None:
            return None, None, "[]"
        near = self.newest_event[1] - EVENTS_SETTLE_FOR
        recent = sorted(each for each, created in self.recent_events.items() if created >= near)
        return *self.newest_event, json.dumps(recent)

    def _coverage(self) -> tuple[int, int]:
        """All customers, and those whose ledger has ever been read: whoever is not among them has no balance
        and no document that shows one."""
        return self._one(f"""
            select
                (select count(distinct id) from raw_stripe.customers),
                (select count(distinct parent_id) from raw_stripe.extract_slices
                 where endpoint = '{LEDGERS}')""")  # type: ignore[return-value]

    def _book_slice(self, piece: Slice) -> None:
        # A window or a filtered list is no slice of a first load: its parent says so.
        parent = None if not piece.filters else "&".join(f"{k}={v}" for k, v in piece.filters.items())
        self._insert_slice(piece.endpoint.table, parent, piece.gte, piece.lt, piece.pages, piece.objects, piece.lines)

    def _book_nested(self, table: str, parent_id: str) -> Any:
        return lambda pages, objects: self._insert_slice(table, parent_id, None, None, pages, objects, 0)

    def _insert_slice(self, *values: object) -> None:
        with self._book:
            cursor = self.connection.cursor()
            cursor.execute(
                "insert into raw_stripe.extract_slices values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [self.id, *values, self.clock()],
            )
            cursor.close()

    # ---------- small questions

    def _payloads(self, table: str, ids: list[str]) -> dict[str, str]:
        """Current payloads of objects that are known (asked by readers: on a cursor of their own)."""
        if self.past.is_first:
            return {}
        cursor = self.connection.cursor()
        rows = cursor.execute(
            f"""
            select id, arg_max(payload, fetched_at) from raw_stripe.{table}
            where id in (select unnest(?::varchar[])) group by id""",
            [ids],
        ).fetchall()
        cursor.close()
        return dict(rows)

    def _known(self) -> dict[str, int]:
        return {table: self._one(f"select count(distinct id) from raw_stripe.{table}")[0] for table in ENDPOINTS}

    def _is_seen(self, table: str, identifier: str) -> bool:
        return identifier in self.reader.seen.get(table, ())

    def _one(self, sql: str, *values: object) -> tuple[Any, ...]:
        # All that is asked for is fetched: an answer left half read keeps its transaction open, and a landing
        # beside it from making checkpoints.
        (row,) = ask(self.connection, sql, list(values))
        return tuple(row)


@dataclass(frozen=True)
class _Plan:
    """A list to read in a later run. `cost`: requests it takes while nothing has changed."""

    piece: Slice
    cost: int
    is_whole: bool = False


def _pages(objects: int) -> int:
    """Requests for that many objects and a few new ones."""
    return objects // PAGE + 1


_EVER = datetime(2000, 1, 1, tzinfo=UTC)


def invoice_facts(condition: str = "true", relation: str = "raw_stripe.invoices") -> str:
    """SQL for invoices with `customer_id`, `status` and `ledger_moved`: whether the amounts show that the
    customer's ledger has moved (facts/stripe.md, 2.6 and 8.6). Each payload is parsed once."""
    names = (
        "customer",
        "status",
        "starting_balance",
        "ending_balance",
        "amount_overpaid",
        "total",
        "amount_due",
        "pre_payment_credit_notes_amount",
    )
    paths = ", ".join(f"'$.{name}'" for name in names)
    return f"""(
        select
            id, fetched_at, payload,
            field[1] as customer_id,
            field[2] as status,
            field[2] <> 'draft' and (
                coalesce(field[3]::bigint, 0) <> 0
                or coalesce(field[4]::bigint, 0) <> 0
                or coalesce(field[5]::bigint, 0) <> 0
                or field[6]::bigint < 0
                or field[7]::bigint <> field[6]::bigint - coalesce(field[8]::bigint, 0)
            ) as ledger_moved
        from (
            select id, fetched_at, payload, json_extract_string(payload, [{paths}]) as field
            from {relation} where {condition}
        )
    )"""


# Invoices fetched since, without their payloads: each of those is parsed once, however many ask.
_TOUCHED = f"""
create or replace temp table touched_invoices as
select id, customer_id, ledger_moved from {invoice_facts("fetched_at > $since")}
"""

# What credit documents name, less what is known. Lists inside payloads are read with `[*]` paths; only ids
# leave the scan of a table, for DuckDB may keep in memory what is named twice.
_REFERENCES = f"""
with known as (
    {" union all ".join(f"select '{table}' as table_name, id from raw_stripe.{table}" for table in ENDPOINTS)}
),
notes as (
    select
        (payload->>'invoice') as invoice_id,
        (payload->>'customer') as customer_id,
        (payload->>'$.refunds[*].refund') as refund_ids,
        (payload->>'$.discount_amounts[*].discount.source.coupon') as coupon_ids,
        (payload->>'$.total_taxes[*].tax_rate_details.tax_rate') as tax_rate_ids
    from raw_stripe.credit_notes where fetched_at > $since
),
noted_invoices as (
    select
        (payload->>'customer') as customer_id,
        (payload->>'$.total_discount_amounts[*].discount.source.coupon') as coupon_ids,
        (payload->>'$.total_taxes[*].tax_rate_details.tax_rate') as tax_rate_ids,
        (payload->>'$.lines.data[*].pricing.price_details.price') as price_ids,
        (payload->>'$.lines.data[*].pricing.price_details.product') as product_ids
    from raw_stripe.invoices
    where fetched_at > $since and id in (
        select id from touched_invoices
        where ledger_moved or id in (select (payload->>'invoice') from raw_stripe.credit_notes))
),
named as (
    select 'invoices' as table_name, invoice_id as id from notes
    union
    select 'customers', customer_id from notes
    union
    select 'customers', customer_id from noted_invoices
    union
    select 'refunds', unnest(refund_ids) from notes
    union
    select 'coupons', unnest(coupon_ids) from notes
    union
    select 'coupons', unnest(coupon_ids) from noted_invoices
    union
    select 'tax_rates', unnest(tax_rate_ids) from notes
    union
    select 'tax_rates', unnest(tax_rate_ids) from noted_invoices
    union
    select 'prices', unnest(price_ids) from noted_invoices
    union
    select 'products', unnest(product_ids) from noted_invoices
)
select table_name, id from named
anti join known using (table_name, id)
where id <> '' and id <> 'null'
order by table_name, id
"""
