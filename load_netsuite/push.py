"""Posts to NetSuite what the marts say is ready, once, and logs the result in the journal (P1-P7).

    report = push(settings)                 # or push(settings, plan=Path("plan.json"))

The steps follow one another (P3). Each has three parts:

1. Look up, in bulk, the records of the step that NetSuite has already. That resolves attempts of earlier runs whose
   effect stayed unknown. A record as expected is adopted, another one is logged as `differs`; nothing is overwritten
   (P6).
2. Send the rest: journal the attempt, send, journal the answer. A refusal blocks that row alone (P4).
3. Look up again the writes whose answer was lost, with growing pauses. A write that is still not in NetSuite stays
   `unknown`.

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
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from load_netsuite.adoption import adopt, entry_of, look_up
from load_netsuite.bodies import Body
from load_netsuite.journal import WRITTEN, Entry, Journal
from load_netsuite.marts import STEPS, Marts
from load_netsuite.ordering import in_order
from load_netsuite.plan import Plan, read_plan, refuse_if_moved
from load_netsuite.readback import read_back
from load_netsuite.records import Record
from load_netsuite.tables import open_with_journal
from load_netsuite.write import Write, result_of, send
from netsuite import lookup
from netsuite.answers import TAKEN, Action
from netsuite.api import Answer, NetSuite
from netsuite.concurrency import Clock
from netsuite.encoding import to_json
from netsuite.errors import LoginRefused, NetSuiteError, NoAnswer, NotSent
from settings import Settings

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

    def count(self, *statuses: str) -> int:
        return sum(number for (_, status), number in self.counts.items() if status in statuses)

    @property
    def posted(self) -> int:
        """Records and applications written by this run."""
        return self.count("created", "applied")


def push(settings: Settings, plan: Path | None = None) -> PushReport:
    """Posts what is ready. plan: post exactly what this file lists, or raise PlanMoved before anything is sent.

    Raises WarehouseLocked, WarehouseError, JournalError, PlanMoved, LoginRefused, NetSuiteError, SettingsError. A
    refusal by NetSuite raises nothing: see `PushReport.refused` and the log.
    """
    with open_with_journal(settings.warehouse_path) as warehouse, NetSuite(settings) as client:
        return Push(warehouse, client, read_plan(plan, settings) if plan else None).run()


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
        self._has_written = True  # an earlier run may have left records unchecked
        self.report = PushReport(self._journal.run_id)

    def run(self) -> PushReport:
        """Takes every step, reads back what was written, and returns the report. Raises as `push`."""
        started = time.monotonic()
        if self._plan is not None:
            refuse_if_moved(self._plan, self._marts)
        try:
            for name, read in STEPS:
                log.info("push: %s", name)
                self._step(read(self._marts))
                # A later step must not build on a wrong internal id, or refund a memo that differs.
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
        slots = self._client.slots.maximum
        # More threads than requests: while some wait for the journal's disk, the others keep NetSuite busy.
        in_order(writes, self._send_one, 1 if slots == 1 else slots + min(slots, 8), self._pick)

    # ------------------------------------------------------------ 1. records that NetSuite has already

    def _still_to_send(self, chunk: Sequence[Record]) -> Iterator[Write]:
        """Adopts the records that NetSuite has and yields the remaining writes. The log rows are on disk before the
        first yield."""
        entries: list[Entry] = []
        records = []
        for record in chunk:
            if self._plan is not None and not self._plan.holds(record):
                continue
            if record.problem:
                problem = {"error_code": "NOT_SENT", "error_detail": record.problem}
                entries.append(entry_of(record, "rejected", "create", **problem))
            elif record.known_applications or not (record.internal_id or record.record_type == "customerRefund"):
                records.append(record)  # else none of its documents is in NetSuite: the record waits with them
        existing = look_up(self._client, records)
        writes = []
        for record in records:
            if record.external_id not in existing.records and not (record.internal_id or record.existing_id):
                writes.append(Write(record, applications=record.known_applications))
                continue
            rows, write = adopt(record, existing)
            entries += rows
            writes += [write] if write else []
        self._log(*entries)
        yield from writes

    # ------------------------------------------------------------ 2. sending

    def _send_one(self, write: Write) -> None:
        """Journals the attempt, sends, journals the answer. netsuite/answers.RULES holds the action for each answer."""
        record, body = write.record, write.body()
        attempt = self._journal.attempted(
            record.record_type, record.external_id, write.operation, to_json(body).decode()
        )
        started = self._clock.monotonic()
        answer = self._answer(write, body, attempt, started)
        if answer is None:
            self._remember(write)
            return
        result = result_of(write, attempt, answer, self._since(started))
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

    # ------------------------------------------------------------ 3. lost writes

    def _resolve_lost(self) -> None:
        """Asks NetSuite for the effect of the writes without a usable answer, until all are known or time is up."""
        for look, pause in enumerate(RESOLVE_PAUSES, start=1):
            if not self._lost:
                return
            if pause:
                self._clock.sleep(pause)
            lost, self._lost = self._lost, []
            further = [write for bulk in lookup.bulks(lost) for write in self._resolve(bulk)]
            if look == SEND_AGAIN_AFTER:
                further += [write for write in self._lost if not write.is_taken]
                self._lost = [write for write in self._lost if write.is_taken]
            self._send_all(further)
        taken = [write.record for write in self._lost if write.is_taken]
        self._log(*(entry_of(record, "rejected", error_detail=UNSEEN) for record in taken))
        self.report.unresolved += len(self._lost) - len(taken)
        self._lost = []

    def _resolve(self, lost: Sequence[Write]) -> list[Write]:
        """Adopts the records that have arrived and keeps the rest as lost; returns the writes of applications that are
        still missing."""
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
                rows, missing = adopt(write.record, existing)
                entries += rows
                further += [missing] if missing else []
        self._log(*entries)
        return further

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
        """Milliseconds since `started`."""
        return int((self._clock.monotonic() - started) * 1000)
