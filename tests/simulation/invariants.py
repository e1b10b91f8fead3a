"""What holds at every write and at the end of a history. Each function states one invariant and raises Violation."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

from load_netsuite.journal import PRESENT, RESULTS
from sandbox.netsuite.records import Transaction
from sandbox.netsuite.service import Request

if TYPE_CHECKING:
    from tests.simulation.history import History
    from tests.simulation.world import WantedRecord

Row = dict[str, Any]


class Violation(AssertionError):
    """An invariant does not hold."""


def fail(text: str) -> NoReturn:
    raise Violation(text)


# -------------------------------------------------------------------- at every write


def record_type_of(request: Request) -> str:
    return request.path.partition("/record/v1/")[2].partition("/")[0]


def attempts_of(log: list[Row], request: Request) -> list[Row]:
    """Attempts in the log with exactly the body of a write."""
    wanted = ("attempted", record_type_of(request), request.body.decode())
    return [row for row in log if (row["status"], row["record_type"], row["payload"]) == wanted]


def attempt_is_logged(history: History, request: Request) -> str:
    """P2: an attempt with exactly this body, and without a result, is in the log before the write leaves.

    The result is the external id.
    """
    ended = {row["attempt_id"] for row in history.log if row["status"] != "attempted"}
    names = [row["external_id"] for row in attempts_of(history.log, request) if row["attempt_id"] not in ended]
    if not names:
        fail(f"{request.method} {request.path} left without an attempt in the log")
    return str(names[-1])


def netsuite_was_asked(history: History, record_type: str, name: str) -> None:
    """P2: after a write of unknown outcome, NetSuite is asked before the record is sent again."""
    if (record_type, name) in history.side.unasked:
        fail(f"{record_type} {name} was sent again without asking NetSuite after an unknown outcome")


# -------------------------------------------------------------------- at the end


def check_end(history: History) -> None:
    """All invariants of the end state. What a person edited is the person's: then fewer hold."""
    no_external_id_is_used_twice(history)
    log_has_netsuite_ids(history)
    nothing_is_applied_beyond_the_plan(history)
    if not history.is_edited:
        every_record_is_logged(history)
        every_logged_record_exists(history)
        every_record_is_as_planned(history)
    every_item_exists(history)
    if not history.was_stopped:
        every_attempt_has_one_result(history)
        if not history.is_edited:
            no_record_differs(history)
        if history.has_one_memory:
            what_we_created_is_not_adopted(history)


def no_external_id_is_used_twice(history: History) -> None:
    """P2: one record for each external id, whatever its case."""
    transactions = history.company.books.transactions()
    names = Counter(t.external_id.lower() for t in transactions if t.external_id)
    if twice := [name for name, count in names.items() if count > 1]:
        fail(f"two records for {twice}")


def log_has_netsuite_ids(history: History) -> None:
    """P6: the internal id in the log is NetSuite's, unless only a person's edit explains the difference."""
    logged = _logged_ids(history)
    for name, id in _netsuite_ids(history).items():
        if logged.get(name, id) != id and not _is_explained_by_an_edit(history, name, id, logged[name]):
            fail(f"{name} is {id} in NetSuite, {logged[name]} in the log")


def _is_explained_by_an_edit(history: History, name: str, id: str, logged_id: str) -> bool:
    """Two edits explain that the log has another id.

    The record was found right, a person deleted it, and an attempt that NetSuite held back made it again:
    reconcile says so, nothing else asks again for what was found right.
    Or NetSuite named another record's id, and a person edited the right record before it was read back: it is not as
    expected, so it is not adopted, and the difference names it.
    """
    is_made_again = logged_id in history.deleted
    is_reported = any(
        row["status"] == "differs" and (row["external_id"], row["internal_id"]) == (name, id) for row in history.log
    )
    return history.is_edited and (is_made_again or is_reported)


def every_record_is_logged(history: History) -> None:
    """P6: what the loader made is in the log as created or adopted.

    A document that was skipped before its warehouse was lost is asked for by nobody but reconcile.
    """
    if missing := sorted(set(_netsuite_ids(history)) - set(_logged_ids(history)) - _forgotten(history)):
        fail(f"{missing[0]} is in NetSuite and not in the log")


def _forgotten(history: History) -> set[str]:
    """Documents that a person skipped, and of which the log may not know whether they were posted."""
    return set() if history.has_one_memory else history.wanted.skippable


def every_logged_record_exists(history: History) -> None:
    """P6: what the log has as created or adopted is in NetSuite."""
    if missing := set(_logged_ids(history)) - set(_netsuite_ids(history)):
        fail(f"{missing} are in the log and not in NetSuite")


def every_item_exists(history: History) -> None:
    """L1: items that the plan creates are in NetSuite."""
    existing = _items(history)
    for name, wanted in history.wanted.records.items():
        if wanted.type == "Service" and name not in existing:
            fail(f"item {name} is missing")


def nothing_is_applied_beyond_the_plan(history: History) -> None:
    """C6, R3: no application is larger than planned, and none goes elsewhere."""
    for name, record in _transactions(history).items():
        planned = history.wanted.records[name].applied
        for target, amount in _applications(history, record).items():
            if amount > planned.get(target or "", Decimal(0)):
                fail(f"{name} applies {amount} to {target}, expected {planned.get(target or '')}")


def every_record_is_as_planned(history: History) -> None:
    """P1: every record that must exist does, with its type, total and applications."""
    found = _transactions(history)
    for name in history.wanted.records:
        wanted = _as_known(history, name, name in found)
        if wanted is None or wanted.type == "Service":
            continue
        if name not in found:
            fail(f"{name} is missing")
        record, applications = found[name], _applications(history, found[name])
        if (record.type, record.total, applications) != (wanted.type, wanted.total, wanted.applied):
            expected = f"{wanted.type} {wanted.total} {wanted.applied}"
            fail(f"{name} is {record.type} {record.total} {applications}, expected {expected}")


def _as_known(history: History, name: str, is_found: bool) -> WantedRecord | None:
    """The record as it must be after a person skipped documents. None: nobody can say what it must be.

    A skipped memo need not exist. A part of a refund counts if the log has its memo.
    """
    wanted, skippable = history.wanted.records[name], history.wanted.skippable
    if name in skippable and (not is_found or name in _forgotten(history)):
        return None
    if wanted.type != "CustRfnd" or not set(wanted.applied) & skippable:
        return wanted
    if not history.has_one_memory:
        return None
    known = {row["external_id"] for row in history.log if row["status"] in PRESENT}
    applied = {memo: amount for memo, amount in wanted.applied.items() if memo in known}
    total = sum(applied.values(), Decimal(0))
    return replace(wanted, total=total, applied=applied) if is_found or total else None


def every_attempt_has_one_result(history: History) -> None:
    """P2: every attempt ends in exactly one result, tied to it by its id."""
    results = Counter(row["attempt_id"] for row in history.log if row["status"] in RESULTS)
    for row in history.log:
        if row["status"] == "attempted" and (count := results[row["attempt_id"]]) != 1:
            fail(f"attempt {row['attempt_id']} of {row['external_id']} ({row['operation']}) has {count} results")


def no_record_differs(history: History) -> None:
    """P7: where nobody edited anything, the log calls no record different."""
    if alarms := [row["error_detail"] for row in history.log if row["status"] == "differs"]:
        fail(f"nobody changed anything, but the log says: {alarms}")


def what_we_created_is_not_adopted(history: History) -> None:
    """P2: what we attempted to create and found is `created`.

    A request that the network doubles is refused although it was ours: nobody can tell that from somebody else's.
    """
    doubled = {
        row["attempt_id"]
        for row in history.log
        if row["status"] == "adopted" or (row["status"] in ("unknown", "rejected") and row["http_status"] == 400)
    }
    ours = {
        (row["record_type"], row["external_id"])
        for row in history.log
        if (row["status"], row["operation"]) == ("attempted", "create") and row["attempt_id"] not in doubled
    }
    adopted, created = (
        {(row["record_type"], row["external_id"]) for row in history.log if row["status"] == status}
        for status in ("adopted", "created")
    )
    if wrong := (ours & adopted) - created:
        fail(f"{wrong} are adopted, but an attempt to create them was ours")


# -------------------------------------------------------------------- what NetSuite and the log hold


def _transactions(history: History) -> dict[str, Transaction]:
    """The planned transactions that exist, by our external id."""
    named = ((_our_name(history, t), t) for t in history.company.books.transactions())
    return {name: t for name, t in named if name and name in history.wanted.records}


def _our_name(history: History, record: Transaction) -> str | None:
    """K2: an adopted memo of the Stripe Connector keeps its own external id; the log has ours."""
    return history.wanted.adopted.get(str(record.id), record.external_id)


def _items(history: History) -> dict[str, str]:
    """External id -> internal id."""
    return {row["externalid"]: row["id"] for row in history.company.books.rows("item") if row["externalid"]}


def _netsuite_ids(history: History) -> dict[str, str]:
    """External id -> internal id of everything that the plan wants and NetSuite has."""
    return {name: str(t.id) for name, t in _transactions(history).items()} | _items(history)


def _logged_ids(history: History) -> dict[str, str]:
    """External id -> internal id of what was last created or adopted."""
    return {
        row["external_id"]: row["internal_id"]
        for row in history.log
        if row["status"] in ("created", "adopted") and row["internal_id"]
    }


def _applications(history: History, record: Transaction) -> dict[str | None, Decimal]:
    """External id of the target -> amount."""
    names = {t.id: _our_name(history, t) for t in history.company.books.transactions()}
    return {names[target]: amount for target, amount in record.applications.items()}
