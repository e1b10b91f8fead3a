"""Posts to NetSuite what the marts say is ready, once, and logs the result in the journal (P1-P9).

    report = push(settings)                 # or push(settings, plan=Path("plan.json"))

First it asks NetSuite for what was posted (I4), ends the attempts that earlier runs left open (P2), and adopts records
of documents that wait or are blocked: `posted` wins (O3).

Then the steps follow one another (P3). Each has three parts:

1. Look up, in bulk, the records of the step that NetSuite has already. A record as expected is adopted, another one is
   logged as `differs`; nothing is overwritten (P6).
2. Send the rest: journal the attempt, send, journal the answer. A refusal blocks that row alone (P4). Whether a refused
   record exists already is asked by external id, in bulk (P8).
3. Look up again the writes whose answer was lost, with growing pauses. A write that is still not in NetSuite stays
   `unknown`: its attempt is open until the next push asks.

After each step its records are read back in bulk and compared with what was expected (P5).

Nothing is posted twice (P1), however late NetSuite commits. A record is created by POST with an external id, and
NetSuite refuses a second one, so a late commit and a new POST cannot both succeed. An application is a row of a sublist
that NetSuite keys by document: the same PATCH twice leaves one application. And NetSuite is asked before either is sent
again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from load_netsuite.adoption import adopt, entry_of, look_up, settle
from load_netsuite.bodies import Body
from load_netsuite.journal import NO_EFFECT_SEEN, WRITTEN, Entry, Journal
from load_netsuite.marts import STEPS, Marts
from load_netsuite.ordering import in_order
from load_netsuite.plan import Plan, read_plan
from load_netsuite.plan_check import Progress, compare
from load_netsuite.presence import gone_records
from load_netsuite.readback import Checked, look_again, read_back
from load_netsuite.records import Application, Record
from load_netsuite.settling import NOTHING_SEEN, Key, settle_all, unsettled
from load_netsuite.tables import open_with_journal
from load_netsuite.watcher import Watcher, expect_all
from load_netsuite.write import Write, is_about_applications, result_of, send
from netsuite import lookup
from netsuite.answers import TAKEN, Action
from netsuite.api import Answer, NetSuite
from netsuite.concurrency import Clock
from netsuite.encoding import to_json
from netsuite.errors import LoginRefused, NetSuiteError, NoAnswer, NotSent
from settings import Settings
from warehouse.query import Warehouse

log = logging.getLogger("load_netsuite")

RESOLVE_PAUSES = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 30.0, 30.0)
"""Seconds before each look-up of the lost writes: two minutes in all, then the next run asks (facts 9.5)."""
SEND_AGAIN_AFTER = 5
"""Look-ups (15 seconds) without a result before a write is sent once more in the same run. This is safe however late
NetSuite commits the first: it refuses a second external id, and keeps one row per applied document."""
UNSEEN = (
    "NetSuite says that this record exists already, but shows none under its external id; the role may lack "
    "the permission to see it, or another number of it must be unique"
)
LOST_IN_A_ROW_LIMIT = 25
"""Writes without a usable answer, one after the other, after which NetSuite is taken to be down."""


@dataclass
class PushReport:
    """The results of one push. counts: (record type, status) → rows of the log without attempts."""

    run_id: str
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    unresolved: int = 0
    """Writes whose effect is still unknown at the end: the next run asks NetSuite before it sends them."""
    requests: int = 0
    seconds: float = 0.0
    refused: list[tuple[str, str, str]] = field(default_factory=list)
    """(record type, external id, reason) of the first 1,000 rows that were rejected or differ."""
    plan: Progress | None = None
    """How much of its plan was done before this push."""
    differing: set[Key] = field(default_factory=set)
    """Records of ours that NetSuite does not show as they were posted, those of earlier runs included."""

    def count(self, *statuses: str) -> int:
        return sum(number for (_, status), number in self.counts.items() if status in statuses)

    @property
    def is_refused(self) -> bool:
        """Whether NetSuite refused rows, or does not show a record of ours as it was posted (exit code 3)."""
        return bool(self.count("rejected") or self.differing or (self.plan and self.plan.refused))

    @property
    def posted(self) -> int:
        """Records and applications written by this run."""
        return self.count("created", "applied")


def push(
    settings: Settings, plan: Path | None = None, run_id: str | None = None, watcher: Watcher | None = None
) -> PushReport:
    """Posts what is ready. plan: post exactly what this file lists, or raise PlanMoved before anything is sent ·
    run_id: of the command, for the rows of the log · watcher: of the progress.

    Raises WarehouseLocked, WarehouseError, JournalError, PlanMoved, RecordsGone, ClockOff, LoginRefused, NetSuiteError,
    SettingsError. A refusal by NetSuite raises nothing: see `PushReport.refused` and the log.
    """
    with (
        open_with_journal(settings.warehouse_url or settings.warehouse_path, "push") as warehouse,
        NetSuite(settings) as client,
    ):
        read = read_plan(plan, settings) if plan else None
        return Push(warehouse, client, read, run_id=run_id, watcher=watcher).run()


class Push:
    """One run over an open warehouse. `pick` shuffles the order of independent writes in a simulation."""

    def __init__(
        self,
        warehouse: Warehouse,
        client: NetSuite,
        plan: Plan | None = None,
        pick: Callable[[int], int] | None = None,
        run_id: str | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        self._clock: Clock = client.clock
        self._client = client
        self._warehouse = warehouse
        self._journal = Journal(warehouse, self._clock, run_id)
        self._marts = Marts(warehouse, self._journal.run_id)
        self._plan = plan
        self._pick = pick
        self._lock = threading.Lock()
        self._lost: list[Write] = []
        self._refused: list[tuple[Write, Answer, Entry]] = []
        self._further: list[Write] = []  # applications of memos that were created without them (P3)
        self._lost_in_a_row = 0
        self._tried: set[Key] = set()  # records that an earlier attempt of ours may have created
        self._unseen: set[Key] = set()  # records that SuiteQL does not show yet
        self._watcher = watcher
        self._told: set[Key] | None = None  # records that the watcher counts as done; None before the first one
        self._has_written = True  # an earlier run may have left records unchecked
        self.report = PushReport(self._journal.run_id)

    def run(self) -> PushReport:
        """Takes every step, reads back what was written, and returns the report. Raises as `push`."""
        started = time.monotonic()
        if self._plan is not None:
            self.report.plan = compare(self._plan, self._warehouse, self._marts)
        try:
            self._recover()
            for name, read in STEPS:
                log.info("push: %s", name)
                self._step(read(self._marts))
                # A later step must not build on a wrong internal id, or refund a memo that differs.
                if self._has_written:
                    self._has_written = False
                    self._note(read_back(self._warehouse, self._marts, self._client, frozenset(self._unseen)))
            self._unseen.clear()
            self._note(read_back(self._warehouse, self._marts, self._client))
            self.report.unresolved += len(self._unseen)
        except KeyboardInterrupt as stop:
            still_open = sum(attempt.is_open for tried in unsettled(self._warehouse).values() for attempt in tried)
            stop.add_note(f"{self.report.posted} writes of this push took effect, {still_open} have no answer yet")
            raise
        finally:
            self.report.requests = self._client.requests_sent
            self.report.seconds = time.monotonic() - started
        return self.report

    def _begin_to_count(self) -> None:
        if self._watcher and self._told is None:
            self._told = set()
            expect_all(self._watcher, self._warehouse)

    def _tell(self, done: Key) -> None:
        if self._watcher and self._told is not None and done not in self._told:
            self._told.add(done)
            self._watcher(1)

    def _note(self, bulks: Iterable[Checked]) -> None:
        for checked in bulks:
            self._log(*checked.entries)
            self.report.differing |= checked.known
            self._unseen |= checked.unseen

    # ------------------------------------------------------------ 0. what earlier runs left

    def _recover(self) -> None:
        gone = gone_records(self._warehouse, self._client)
        attempts = unsettled(self._warehouse)
        for entries in settle_all(self._client, attempts):
            self._log(*entries)
        self._tried = {key for key, tried in attempts.items() if any(a.is_create and not a.is_taken for a in tried)}
        self._note(look_again(gone, self._warehouse, self._marts, self._client))
        # Refunds after memos: a refund is applied to memos that are known.
        for read in (Marts.held_memos, Marts.held_refunds):
            for records in read(self._marts):
                self._adopt_held(records)

    def _adopt_held(self, records: Sequence[Record]) -> None:
        """Adopts the records of documents that wait or are blocked. One that is not as expected is left alone."""
        existing = look_up(self._client, records)
        for record in records:
            if record.external_id in existing.records:
                entries, _ = adopt(record, existing, _key(record) in self._tried)
                self._log(*(entry for entry in entries if entry.status != "differs"))

    def _step(self, chunks: Iterable[Sequence[Record]]) -> None:
        self._send(write for chunk in chunks for write in self._still_to_send(chunk))
        self._resolve_lost()

    def _send(self, writes: Iterable[Write]) -> None:
        """Sends the writes, then what follows from their answers."""
        self._send_all(writes)
        while self._refused or self._further:
            further, self._further = self._further, []
            refused, self._refused = self._refused, []
            further += [write for bulk in lookup.bulks(refused) for write in self._judge_refusals(bulk)]
            self._send_all(further)

    def _send_all(self, writes: Iterable[Write]) -> None:
        slots = self._client.slots.maximum
        # More threads than requests: while some wait for the journal's disk, the others keep NetSuite busy.
        in_order(writes, self._send_one, 1 if slots == 1 else slots + min(slots, 8), self._pick)

    # ------------------------------------------------------------ 1. records that NetSuite has already

    def _still_to_send(self, chunk: Sequence[Record]) -> Iterator[Write]:
        """Adopts the records that NetSuite has and yields the remaining writes. The log rows are on disk before the
        first yield."""
        self._begin_to_count()  # only now: to count takes longer than the rest of a push that finds nothing
        entries: list[Entry] = []
        records = [record for record in chunk if self._is_due(record)]
        existing = look_up(self._client, records)
        writes = []
        for record in records:
            if record.external_id in existing.records or (record.existing_id and not record.problem):
                rows, write = adopt(record, existing, _key(record) in self._tried)
                entries += rows
                writes += [write] if write else []
            elif record.problem:
                problem = {"error_code": "NOT_SENT", "error_detail": record.problem}
                entries.append(entry_of(record, "rejected", record.operation, **problem))
            elif record.internal_id:
                entries += adopt(record, existing)[0]
            else:
                writes.append(Write(record, applications=record.known_applications))
        self._log(*entries)
        yield from writes

    def _is_due(self, record: Record) -> bool:
        """Whether the record is to be posted now."""
        if self._plan is not None and not self._plan.holds(record):
            return False
        names = {record.external_id, *(application.doc_external_id for application in record.applications)}
        if any(name in names for _, name in self._unseen):
            return False  # it rests on a record that was not read back yet
        if record.known_applications or record.problem:
            return True
        # Without any, none of its documents is in NetSuite: the record waits with them.
        return not (record.internal_id or record.record_type == "customerRefund")

    # ------------------------------------------------------------ 2. sending

    def _send_one(self, write: Write) -> None:
        """Journals the attempt, sends, journals the answer. netsuite/answers.RULES holds the action for each answer."""
        record, body = write.record, write.body()
        if write.attempt:
            self._log(write.attempt.without_effect(NOTHING_SEEN))
            if not write.internal_id:
                self._tried.add(_key(record))
        attempt = write.attempt = self._journal.attempted(
            record.record_type, record.external_id, write.operation, to_json(body).decode(), write.internal_id
        )
        started = self._clock.monotonic()
        answer = self._answer(write, body, attempt, started)
        if answer is None:
            self._remember(write)
            return
        result = result_of(write, attempt, answer, self._since(started))
        if result.status == "rejected" and write.operation == "create" and answer.rule.action is Action.BLOCK_ROW:
            self._lost_in_a_row = 0
            self._refused.append((write, answer, result))  # journalled once NetSuite was asked for its external id
            return
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
            return
        self._lost_in_a_row = 0
        if write.later and result.status == "created":
            self._further.append(Write(record, result.internal_id, write.later))

    def _answer(self, write: Write, body: Body, attempt: Entry, started: float) -> Answer | None:
        """NetSuite's answer; None when it was lost. A failure is journalled as the result of the attempt."""
        try:
            return send(self._client, write, body)
        except NoAnswer as lost:
            duration = self._since(started)
            self._log(attempt.result("unknown", error_code="NO_ANSWER", error_detail=lost.detail, duration_ms=duration))
            return None
        except (NotSent, LoginRefused) as error:
            # No row can succeed. `unknown` keeps this one ready for the next run, which looks it up first.
            code, detail = error.code or "NOT_SENT", f"not sent: {error.detail}"
            self._log(attempt.result("unknown", http_status=error.status, error_code=code, error_detail=detail))
            raise

    def _remember(self, write: Write) -> None:
        with self._lock:
            self._lost.append(write)
            self._lost_in_a_row += 1
            if self._lost_in_a_row >= LOST_IN_A_ROW_LIMIT:
                raise NetSuiteError(
                    f"NetSuite gave no usable answer to {self._lost_in_a_row} writes in a row; run again "
                    "later: what was under way is looked up first"
                )

    def _judge_refusals(self, refused: Sequence[tuple[Write, Answer, Entry]]) -> list[Write]:
        """Journals refused creates; returns the writes that follow from them.

        NetSuite's words are not relied on: if a record stands under the external id, it was refused for that (P8). If
        only the apply rows were refused although the invoices are open by enough, the memo is created without (P3).
        """
        further: list[Write] = []
        for record_type in sorted({write.record.record_type for write, _, _ in refused}):
            own = [row for row in refused if row[0].record.record_type == record_type]
            existing = look_up(self._client, [write.record for write, _, _ in own])
            of_rows = [write for write, answer, _ in own if is_about_applications(write, answer)]
            docs = {application.doc or "" for write in of_rows for application in write.applications}
            open_amounts = lookup.find_open_amounts(self._client, docs) if docs else {}
            for write, _, result in own:
                if write.record.external_id in existing.records:
                    write.is_taken = True
                    entries, missing = settle(write, existing, _key(write.record) in self._tried)
                    self._log(*entries)
                    further += [missing] if missing else []
                elif write in of_rows and _is_open(write.applications, open_amounts):
                    self._log(result, is_counted=False)
                    further.append(Write(write.record, later=write.applications))
                else:
                    self._log(result)
        return further

    # ------------------------------------------------------------ 3. lost writes

    def _resolve_lost(self) -> None:
        """Asks NetSuite for the effect of the writes without a usable answer, until all are known or time is up."""
        for look, pause in enumerate(RESOLVE_PAUSES, start=1):
            if not self._lost:
                return
            if pause:
                self._clock.wait(pause, f"NetSuite is asked again for the effect of {len(self._lost)} writes")
            lost, self._lost = self._lost, []
            further = [write for bulk in lookup.bulks(lost) for write in self._resolve(bulk)]
            if look == SEND_AGAIN_AFTER:
                further += [write for write in self._lost if not write.is_taken]
                self._lost = [write for write in self._lost if write.is_taken]
            self._send(further)
        taken = [write for write in self._lost if write.is_taken]
        self._log(*(write.attempt.result("rejected", error_detail=UNSEEN) for write in taken if write.attempt))
        self.report.unresolved += len(self._lost) - len(taken)
        self._lost = []

    def _resolve(self, lost: Sequence[Write]) -> list[Write]:
        """Ends the attempts whose effect has arrived and keeps the rest as lost; returns the writes of applications
        that are still missing."""
        further: list[Write] = []
        entries: list[Entry] = []
        for record_type in sorted({write.record.record_type for write in lost}):
            writes = [write for write in lost if write.record.record_type == record_type]
            existing = look_up(self._client, [write.record for write in writes])
            for write in writes:
                has_arrived = write.record.external_id in existing.records
                if not has_arrived or (write.internal_id and existing.lacks_any(write)):
                    self._lost.append(write)
                    continue
                rows, missing = settle(write, existing, _key(write.record) in self._tried)
                entries += rows
                further += [missing] if missing else []
        self._log(*entries)
        return further

    # ------------------------------------------------------------ the log

    def _log(self, *entries: Entry, is_counted: bool = True) -> None:
        """Journals the rows and counts them. Not counted: a refusal that is met by another way in the same run (P3)."""
        self._journal.write(*entries)
        with self._lock:
            for entry in entries:
                self._has_written |= entry.status in WRITTEN
                has_no_effect = entry.error_code == NO_EFFECT_SEEN
                status = "no_effect_seen" if has_no_effect else entry.status
                self.report.counts[entry.record_type, status] += is_counted
                if entry.operation == "read_back":  # of a record of ours; `look_up` is of somebody else's in its place
                    key = entry.record_type, entry.external_id
                    (self.report.differing.add if entry.status == "differs" else self.report.differing.discard)(key)
                elif is_counted:
                    self._tell((entry.record_type, entry.external_id))
                if is_counted and entry.status in ("rejected", "differs") and not has_no_effect:
                    self.report.refused.append((entry.record_type, entry.external_id, entry.error_detail or ""))
                    del self.report.refused[1000:]
                    words = entry.record_type, entry.external_id, entry.status, entry.error_detail
                    ids = {name: getattr(entry, name) for name in ("record_type", "external_id", "status")}
                    log.warning("%s %s %s: %s", *words, extra=ids)

    def _since(self, started: float) -> int:
        """Milliseconds since `started`."""
        return int((self._clock.monotonic() - started) * 1000)


def _key(record: Record) -> Key:
    return record.record_type, record.external_id


def _is_open(applications: Sequence[Application], open_amounts: Mapping[str, Decimal]) -> bool:
    return all(open_amounts.get(part.doc or "", Decimal(0)) >= part.amount for part in applications)
