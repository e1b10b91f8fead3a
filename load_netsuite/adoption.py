"""Looks up the records that NetSuite has already, and adopts those that are as expected (P2, P6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
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
    else stands for ours (N1), by its internal id. Raises NetSuiteError."""
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
    ids = [record.internal_id for record in found.values()]
    for record_type in {record.record_type for record in records if ids}:
        links |= lookup.find_links(client, record_type, ids)
    return Existing(found, links)


def adopt(record: Record, existing: Existing) -> tuple[list[Entry], Write | None]:
    """Log rows for a record that must be in NetSuite already, and the write of the applications that it lacks.

    The rows say `differs` where NetSuite's record is not as expected: nothing is overwritten (P6).
    """
    found = existing.records.get(record.external_id)
    expected_id = record.internal_id or record.existing_id
    if found is None:
        gone = f"{record.record_type} {expected_id} is not in NetSuite any more"
        return [entry_of(record, "differs", internal_id=record.internal_id, error_detail=gone)], None
    applied = existing.links.get(found.internal_id, {})
    if difference := next(comparison.before_adoption(record, found, applied), None):
        detail = f"{record.record_type} {record.external_id} (NetSuite {found.internal_id}): {difference.sentence}"
        return [entry_of(record, "differs", internal_id=found.internal_id, error_detail=detail)], None
    present = [(a.doc or "", a.amount) for a in record.known_applications if a.doc in applied]
    missing = [application for application in record.known_applications if application.doc not in applied]
    entries = []
    if present or not record.internal_id:
        payload = seen_payload(found, present)
        entries.append(entry_of(record, "adopted", internal_id=found.internal_id, payload=payload))
    return entries, Write(record, found.internal_id, missing) if missing else None


def entry_of(record: Record, status: str, operation: str = "look_up", **fields: Any) -> Entry:
    """A log row about a record without a request to NetSuite that changes it."""
    return Entry(record.record_type, record.external_id, operation, status, **fields)
