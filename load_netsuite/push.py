"""The push: what the marts say is ready goes to NetSuite, once, and the journal says what came of it (P1-P7).

    report = push(settings)                 # or push(settings, plan=Path("plan.json"))

One step after another (P3), each in three moves:

1. look up, in bulk, which of the step's records NetSuite already has: that resolves attempts of earlier
runs whose
   effect stayed unknown. What agrees is adopted, what does not is logged as `differs`, nothing is
   overwritten (P6);
2. send the rest: journal the attempt, send, journal the answer. A refusal blocks that row alone (P4);
3. ask again for those whose answer was lost, with growing pauses. What is still not there stays `unknown`.

After each step what it wrote is read back in bulk and compared with what was meant (P5).

Why nothing is posted twice (P1), however late NetSuite commits: a record is created by POST with an
external id, and NetSuite refuses a second one, so a late commit and a new POST cannot both succeed. An
application is a row of a sublist that NetSuite keys by document: the same PATCH twice leaves one
application. And before either is sent again NetSuite is asked first.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from load_netsuite import bodies
from load_netsuite.bodies import Body
from load_netsuite.journal import WRITTEN, Entry, Journal
from load_netsuite.marts import STEPS, Application, Marts, Record
from load_netsuite.plan import Plan, read_plan, refuse_if_moved
from load_netsuite.readback import read_back, shown
from load_netsuite.tables import open_with_journal
from netsuite import lookup
from netsuite.api import Answer, NetSuite, to_json, wait_of
from netsuite.concurrency import Clock, in_order
from netsuite.errors import TAKEN, Action, LoginRefused, NetSuiteError, NoAnswer, NotSent
from netsuite.lookup import Found, Links

log = logging.getLogger("load_netsuite")

SEND_TRIES = 10
RESOLVE_PAUSES = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 30.0, 30.0)
"""Seconds between two look-ups of what got lost: two minutes, then the next run asks (facts 9.5)."""
SEND_AGAIN_AFTER = 5
"""Look-ups (15 seconds) that find nothing before a write is sent once more in the same run. Safe however late
NetSuite commits the first: it refuses a second external id, and keeps one row per applied document."""
UNSEEN = (
    "NetSuite says that this record exists already, but shows none under its external id; the role may lack "
    "the permission to see it, or another number of it must be unique"
)
MOST_LOST_IN_A_ROW = 25
"""So many writes without a usable answer, one after the other, and NetSuite is taken to be down."""


@dataclass
class PushReport:
    """What one push did. counts: (record type, status) → rows of the log, attempts left out."""

    run_id: str
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    unresolved: int = 0
    """Writes whose effect is still unknown at the end: the next run asks NetSuite before it sends them."""
    requests: int = 0
    seconds: float = 0.0
    refused: list[tuple[str, str, str]] = field(default_factory=list)
    """(record type, external id, NetSuite's words) of the first 1,000 rows that were rejected or differ."""

    def count(self, *statuses: str) -> int:
        return sum(number for (_, status), number in self.counts.items() if status in statuses)

    @property
    def posted(self) -> int:
        """Records and applications written by this run."""
        return self.count("created", "applied")


def push(settings: Any, plan: Path | None = None) -> PushReport:
    """Posts what is ready. Raises WarehouseLocked, WarehouseError, JournalError, PlanMoved, LoginRefused, NetSuiteError,
    SettingsError.

    What NetSuite refuses raises nothing: see `PushReport.refused` and the log. plan: post exactly what this
    file lists, or raise PlanMoved before anything is sent.
    """
    with open_with_journal(settings.warehouse_path) as warehouse, NetSuite(settings) as client:
        return Push(warehouse, client, read_plan(plan, settings) if plan else None).run()


@dataclass(eq=False)
class Write:
    """One request to come: create the record, or add applications to the one that is there."""

    record: Record
    internal_id: str | None = None  # set: PATCH
    applications: Sequence[Application] = ()
    is_taken: bool = False  # NetSuite refused it because its external id is there already

    @property
    def keys(self) -> frozenset[Hashable]:
        own = ("document", self.internal_id) if self.internal_id else ("record", self.record.external_id)
        return self.record.keys | {own}

    @property
    def operation(self) -> str:
        return "apply" if self.internal_id else "create"

    def body(self) -> Body:
        apply = bodies.apply((application.doc or "", application.amount) for application in self.applications)
        if self.internal_id:
            return {"apply": apply}
        return self.record.body | ({"apply": apply} if self.applications else {})


class Push:
    """One run over an open warehouse. `pick` shuffles the order of independent writes in a simulation."""

    def __init__(
        self,
        warehouse: duckdb.DuckDBPyConnection,
        client: NetSuite,
        plan: Plan | None = None,
        pick: Callable[[int], int] | None = None,
    ) -> None:
        self._clock: Clock = client.clock
        self._client = client
        self._warehouse = warehouse
        self._journal = Journal(warehouse, self._clock)
        self._marts = Marts(warehouse, self._journal.run_id)
        self._plan = plan
        self._pick = pick
        self._lock = threading.Lock()
        self._lost: list[Write] = []
        self._lost_in_a_row = 0
        self._has_written = True  # as far as an earlier run may have left it unchecked
        self.report = PushReport(self._journal.run_id)

    def run(self) -> PushReport:
        started = time.monotonic()
        if self._plan is not None:
            refuse_if_moved(self._plan, self._marts)
        try:
            for name, read in STEPS:
                log.info("push: %s", name)
                self._step(read(self._marts))
                # A later step must not build on a wrong internal id, or refund a memo that is not as meant.
                if self._has_written:
                    self._read_back(known_too=False)
            self._read_back()
        finally:
            self.report.requests = self._client.requests_sent
            self.report.seconds = time.monotonic() - started
        return self.report

    def _read_back(self, known_too: bool = True) -> None:
        self._has_written = False
        for entries in read_back(self._warehouse, self._marts, self._client, known_too):
            self._log(*entries)

    def _step(self, chunks: Iterable[Sequence[Record]]) -> None:
        self._send_all(write for chunk in chunks for write in self._still_to_send(chunk))
        self._resolve_lost()

    def _send_all(self, writes: Iterable[Write]) -> None:
        most = self._client.slots.most
        # More threads than requests: while some wait for the journal's disk, the others keep the line busy.
        in_order(writes, self._send_one, 1 if most == 1 else most + min(most, 8), self._pick)

    # ------------------------------------------------------------ 1. what is there

    def _still_to_send(self, chunk: Sequence[Record]) -> Iterator[Write]:
        """Adopts what NetSuite has; yields the writes that are left. The log rows are on disk before the
        first yield."""
        entries: list[Entry] = []
        records = []
        for record in chunk:
            if self._plan is not None and not self._plan.holds(record):
                continue
            if record.problem:
                entries.append(_entry(record, "create", "rejected", error_code="NOT_SENT", error_detail=record.problem))
            elif (record.internal_id or record.record_type == "customerRefund") and not _known(record):
                continue  # none of its documents is there (refused or unknown): it waits with them
            else:
                records.append(record)
        found = self._find(records)
        links = self._links(found.values(), records)
        writes = []
        for record in records:
            there = found.get(record.external_id)
            if there is None and not (record.internal_id or record.existing_id):
                writes.append(Write(record, applications=_known(record)))
                continue
            rows, write = self._adopt(record, there, links)
            entries += rows
            writes += [write] if write else []
        self._log(*entries)
        yield from writes

    def _adopt(self, record: Record, there: Found | None, links: Links) -> tuple[list[Entry], Write | None]:
        """Log rows for a record that is to be there already, and the write that adds the applications it
        lacks."""
        if there is None:
            gone = f"{record.record_type} {record.internal_id or record.existing_id} is not in NetSuite any more"
            return [_differs(record, record.internal_id, gone)], None
        applied = links.get(there.internal_id, {})
        missing = [claim for claim in _known(record) if claim.doc not in applied]
        if difference := _difference(record, there, applied, missing):
            return [_differs(record, there.internal_id, difference)], None
        entries = []
        present = [claim for claim in _known(record) if claim not in missing]
        if present or not record.internal_id:
            payload = shown(there, [(claim.doc or "", claim.amount) for claim in present])
            entries.append(_entry(record, "look_up", "adopted", internal_id=there.internal_id, payload=payload))
        return entries, Write(record, there.internal_id, missing) if missing else None

    def _find(self, records: Sequence[Record]) -> dict[str, Found]:
        """What stands for each record in NetSuite, by our external id."""
        by_id = {record.external_id: record.existing_id for record in records if record.existing_id}
        by_name = [record.external_id for record in records if not record.existing_id]
        if records and records[0].record_type == "serviceSaleItem":
            named = lookup.find_items(self._client, by_name)
        else:
            named = lookup.find_transactions(self._client, by_name)
        found = {name: named[name.lower()] for name in by_name if name.lower() in named}
        if by_id:
            existing = lookup.find_by_internal_id(self._client, by_id.values())
            found |= {name: existing[id] for name, id in by_id.items() if id in existing}
        return found

    def _links(self, found: Iterable[Found], records: Sequence[Record]) -> Links:
        ids = [there.internal_id for there in found]
        links: Links = {}
        for record_type in {record.record_type for record in records if ids}:
            links |= lookup.find_links(self._client, record_type, ids)
        return links

    # ------------------------------------------------------------ 2. sending

    def _send_one(self, write: Write) -> None:
        """Journal, send, journal. Everything the loader may do about an answer is in errors.RULES."""
        record = write.record
        body = write.body()
        attempt = self._journal.attempted(
            record.record_type, record.external_id, write.operation, to_json(body).decode()
        )
        started = self._clock.monotonic()
        try:
            answer = self._exchange(write, body)
        except NoAnswer as lost:
            self._log(
                attempt.result(
                    "unknown",
                    error_code="NO_ANSWER",
                    error_detail=lost.detail,
                    duration_ms=self._since(started),
                )
            )
            self._remember(write)
            return
        except (NotSent, LoginRefused) as error:
            # No row can succeed. `unknown` keeps this one ready for the next run, which looks it up first.
            self._log(
                attempt.result(
                    "unknown",
                    http_status=error.status,
                    error_code=error.code or "NOT_SENT",
                    error_detail=f"not sent: {error.detail}",
                )
            )
            raise
        result = _result(write, attempt, answer, self._since(started))
        self._log(result)
        if answer.rule.action is Action.STOP:
            raise LoginRefused(
                f"NetSuite refuses the login (HTTP {answer.status} {answer.code}: {answer.detail}); "
                "check the credentials and that the role may use REST web services",
                status=answer.status,
                code=answer.code,
            )
        if result.status == "unknown":
            write.is_taken = answer.rule is TAKEN
            self._remember(write)
        else:
            self._lost_in_a_row = 0

    def _exchange(self, write: Write, body: Body) -> Answer:
        """The answer to one write. Repeats only what provably had no effect: not sent, or refused for being
        too much."""
        for attempt in range(SEND_TRIES):
            last = attempt + 1 == SEND_TRIES
            try:
                if write.internal_id:
                    answer = self._client.update(write.record.record_type, write.internal_id, body)
                else:
                    answer = self._client.create(write.record.record_type, body)
            except NotSent:
                if last:
                    raise
                self._clock.sleep(self._clock.back_off(attempt))
                continue
            if answer.rule.action is not Action.BACK_OFF or last:
                return answer
            self._clock.sleep(wait_of(answer, self._clock, attempt))
        raise AssertionError("unreachable")

    def _remember(self, write: Write) -> None:
        with self._lock:
            self._lost.append(write)
            self._lost_in_a_row += 1
            if self._lost_in_a_row >= MOST_LOST_IN_A_ROW:
                raise NetSuiteError(
                    f"NetSuite gave no usable answer to {self._lost_in_a_row} writes in a row; run again "
                    "later: what was under way is looked up first"
                )

    # ------------------------------------------------------------ 3. what got lost

    def _resolve_lost(self) -> None:
        """Asks NetSuite what became of the writes without a usable answer, until all are known or patience
        ends."""
        for look, pause in enumerate(RESOLVE_PAUSES, start=1):
            if not self._lost:
                return
            if pause:
                self._clock.sleep(pause)
            lost, self._lost = self._lost, []
            more: list[Write] = []
            for bulk in lookup.bulks(lost):
                more += self._resolve(bulk)
            if look == SEND_AGAIN_AFTER:
                more += [write for write in self._lost if not write.is_taken]
                self._lost = [write for write in self._lost if write.is_taken]
            self._send_all(more)
        taken = [write.record for write in self._lost if write.is_taken]
        self._log(*(_entry(record, "look_up", "rejected", error_detail=UNSEEN) for record in taken))
        self.report.unresolved += len(self._lost) - len(taken)
        self._lost = []

    def _resolve(self, lost: Sequence[Write]) -> list[Write]:
        """Adopts what has arrived, keeps the rest as lost; returns writes for applications still missing."""
        more: list[Write] = []
        entries: list[Entry] = []
        for record_type in sorted({write.record.record_type for write in lost}):
            writes = [write for write in lost if write.record.record_type == record_type]
            records = [write.record for write in writes]
            found = self._find(records)
            links = self._links(found.values(), records)
            for write in writes:
                there = found.get(write.record.external_id)
                if there is None:
                    self._lost.append(write)
                    continue
                if write.internal_id and any(
                    claim.doc not in links.get(there.internal_id, {}) for claim in write.applications
                ):
                    self._lost.append(write)
                    continue
                rows, further = self._adopt(write.record, there, links)
                entries += rows
                more += [further] if further else []
        self._log(*entries)
        return more

    # ------------------------------------------------------------ the log

    def _log(self, *entries: Entry) -> None:
        self._journal.write(*entries)
        with self._lock:
            for entry in entries:
                self.report.counts[entry.record_type, entry.status] += 1
                self._has_written |= entry.status in WRITTEN
                if entry.status in ("rejected", "differs"):
                    self.report.refused.append((entry.record_type, entry.external_id, entry.error_detail or ""))
                    del self.report.refused[1000:]
                    log.warning("%s %s %s: %s", entry.record_type, entry.external_id, entry.status, entry.error_detail)

    def _since(self, started: float) -> int:
        return int((self._clock.monotonic() - started) * 1000)


# ------------------------------------------------------------ judging


def _result(write: Write, attempt: Entry, answer: Answer, milliseconds: int) -> Entry:
    """The log row for an answer."""
    action = answer.rule.action
    words = answer.warnings
    if action is Action.DONE and _names(answer, write):
        status = "applied" if write.internal_id else "created"
    elif action is Action.DONE:
        status, words = (
            "unknown",
            f"NetSuite said done but named no or another {write.record.record_type} in Location. {answer.warnings}",
        )
    else:
        status = "unknown" if action is Action.LOOK_UP else "rejected"
        words = f"{answer.detail} ({answer.rule.meaning})"
    job = f"{answer.operation_id or ''} {answer.job_id or ''}".strip()
    return replace(
        attempt,
        status=status,
        internal_id=write.internal_id or (answer.internal_id if status == "created" else None),
        http_status=answer.status,
        error_code=answer.code or None,
        error_detail=words.strip() or None,
        netsuite_operation_id=job or None,
        payload=answer.body or None,
        duration_ms=milliseconds,
    )


def _names(answer: Answer, write: Write) -> bool:
    """Whether the answer is about this write. That a new record's id is ours, only the read-back can say."""
    if write.internal_id:
        return not answer.has_location or answer.internal_id == write.internal_id
    return answer.internal_id is not None


def _difference(
    record: Record, there: Found, applied: dict[str, Decimal], missing: Sequence[Application]
) -> str | None:
    """Why what stands under our external id is not what we mean (P5, R3, N1); None if it is."""
    name = f"{record.record_type} {record.external_id}: NetSuite's record {there.internal_id}"
    if not record.existing_id and there.external_id != record.external_id:
        return f"{name} is named {there.external_id}, which NetSuite takes for the same; rename that one"
    if record.record_type == "serviceSaleItem":
        return None
    if there.type != lookup.SUITEQL_TYPES[record.record_type]:
        return f"{name} under this external id is a {there.type}; change its external id"
    if there.is_voided:
        return f"{name} is voided"
    if record.customer_id and there.customer != record.customer_id:
        return f"{name} belongs to customer {there.customer}, not {record.customer_id}"
    if record.currency_id and there.currency != record.currency_id:
        return f"{name} is in currency {there.currency}, not {record.currency_id}"
    for claim in _known(record):
        if claim not in missing and applied[claim.doc or ""] < claim.amount:
            return f"{name} applies {applied[claim.doc or '']} to {claim.doc}, not {claim.amount}"
    if record.record_type == "customerRefund":
        grown = there.total + sum((claim.amount for claim in missing), Decimal(0))
        most = record.total if record.cap is None else record.cap
        if grown > most:
            return f"{name} would grow to {grown}, more than the {most} Stripe links to it"
    elif not record.internal_id and there.total != record.total:
        return f"{name} has the total {there.total}, not {record.total}"
    return None


def _known(record: Record) -> tuple[Application, ...]:
    """The claims whose document is in NetSuite."""
    return tuple(claim for claim in record.applications if claim.doc)


def _differs(record: Record, internal_id: str | None, difference: str) -> Entry:
    return _entry(record, "look_up", "differs", internal_id=internal_id, error_detail=difference)


def _entry(record: Record, operation: str, status: str, **more: Any) -> Entry:
    return Entry(record.record_type, record.external_id, operation, status, **more)
