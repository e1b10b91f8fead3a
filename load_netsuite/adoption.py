"""Looks up the records that NetSuite has already, adopts those that are as expected, and ends the attempts behind them
(P2, P5, P6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from load_netsuite import comparison
from load_netsuite.journal import Entry
from load_netsuite.journal_queries import seen_payload
from load_netsuite.records import Record
from load_netsuite.write import Write
from netsuite import lookup
from netsuite.api import NetSuite
from netsuite.lookup import Found, Links


@dataclass(frozen=True)
class Existing:
    """The records that NetSuite has: our external id → record, and what they are applied to."""

    records: dict[str, Found] = field(default_factory=dict)
    links: Links = field(default_factory=dict)

    def lacks_any(self, write: Write) -> bool:
        """Whether an application of the write is not in NetSuite."""
        applied = self.links.get(self.records[write.record.external_id].internal_id, {})
        return any(application.doc not in applied for application in write.applications)


def look_up(client: NetSuite, records: Sequence[Record]) -> Existing:
    """The records of NetSuite that stand for these, by their external ids in lower case or, where a record of somebody
    else stands for ours (N1, K2), by its internal id. Raises NetSuiteError."""
    if not records:
        return Existing()
    by_id = {record.external_id: record.existing_id for record in records if record.existing_id}
    names = [record.external_id for record in records if not record.existing_id]
    find = lookup.find_items if records[0].record_type == "serviceSaleItem" else lookup.find_transactions
    named = find(client, names)
    found = {name: named[name.lower()] for name in names if name.lower() in named}
    if by_id:
        existing = lookup.find_by_internal_id(client, by_id.values())
        found |= {name: existing[id] for name, id in by_id.items() if id in existing}
    links: Links = {}
    for record_type in {record.record_type for record in records if found}:
        links |= lookup.find_applied(client, record_type, found.values())
    return Existing(found, links)


def adopt(record: Record, existing: Existing, is_ours: bool = False) -> tuple[list[Entry], Write | None]:
    """Log rows for a record that must be in NetSuite already, and the write of the applications that it lacks.

    The rows say `differs` where NetSuite's record is not as expected: nothing is overwritten (P6). is_ours: the journal
    holds an attempt to create it, so it is `created` (P2), and the read-back judges its amounts.
    """
    found = existing.records.get(record.external_id)
    expected_id = record.internal_id or record.existing_id
    if found is None:
        gone = f"{record.record_type} {record.external_id} (NetSuite {expected_id}) is not in NetSuite any more"
        return [entry_of(record, "differs", internal_id=record.internal_id, error_detail=gone)], None
    is_ours = is_ours and found.external_id == record.external_id  # else somebody else's stands for ours (N1, K2)
    applied = existing.links.get(found.internal_id, {})
    present = [(a.doc or "", a.amount) for a in record.known_applications if a.doc in applied]
    compare = comparison.identity(record, found) if is_ours else comparison.before_adoption(record, found, applied)
    if difference := next(compare, None):
        detail = f"{record.record_type} {record.external_id} (NetSuite {found.internal_id}): {difference.sentence}"
        # The payload shows which parts are in it all the same (R3).
        payload = seen_payload(found, present)
        return [entry_of(record, "differs", internal_id=found.internal_id, error_detail=detail, payload=payload)], None
    missing = [application for application in record.known_applications if application.doc not in applied]
    entries = []
    if present or not record.internal_id:
        status = "created" if is_ours else "adopted"
        payload = seen_payload(found, present)
        entries.append(entry_of(record, status, internal_id=found.internal_id, payload=payload))
    return entries, Write(record, found.internal_id, missing) if missing else None


def settle(write: Write, existing: Existing, was_tried: bool) -> tuple[list[Entry], Write | None]:
    """As `adopt`, for a write whose record is in NetSuite; the rows also end its attempt (P2).

    was_tried: the journal holds another attempt to create the record.
    """
    record, attempt = write.record, write.attempt
    found = existing.records[record.external_id]
    assert attempt is not None  # a write without an attempt was never sent
    if write.internal_id:
        return [attempt.result("applied", internal_id=found.internal_id)], None
    is_ours = was_tried or not write.is_taken
    if not write.is_taken and not existing.lacks_any(write) and not any(comparison.identity(record, found)):
        entries, missing = adopt(record, existing, is_ours=True)
        return [attempt.result("created", internal_id=found.internal_id)], missing
    entries, missing = adopt(record, existing, is_ours)
    if entries[0].status == "adopted":
        return [replace(entries[0], attempt_id=attempt.attempt_id, operation=attempt.operation)], missing
    ended = attempt.without_effect(f"{record.record_type} {found.internal_id} has its external id, not by this attempt")
    return [ended, *entries], missing


def entry_of(record: Record, status: str, operation: str = "look_up", **fields: Any) -> Entry:
    """A log row about a record without a request to NetSuite that changes it."""
    return Entry(record.record_type, record.external_id, operation, status, **fields)
