"""Ends the attempts that earlier runs left without a result, before anything is sent (P2).

What was attempted decides, not the state that its document has by now. A record under our external id, of the type,
customer and currency that an attempt sent, is `created`. If NetSuite refused every attempt because the name is taken, a
record that agrees with the body sent (P5) is `adopted`: the first of two doubled requests may have made it, or somebody
else. An attempt of which NetSuite shows nothing is `rejected` with the code NO_EFFECT_SEEN. Should its effect show
later, the next push finds it here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from load_netsuite import comparison
from load_netsuite.adoption import entry_of
from load_netsuite.journal import Entry
from load_netsuite.journal_queries import UNSETTLED, parse, seen_payload
from load_netsuite.records import Application, Record
from netsuite import lookup
from netsuite.api import NetSuite
from netsuite.lookup import Found, Links
from warehouse.query import Warehouse, ask

Key = tuple[str, str]
"""record type, external id"""

NOTHING_SEEN = "NetSuite shows no effect of this attempt; it is sent again where its document still asks for it"


@dataclass(frozen=True)
class Attempt:
    """One attempt of the journal. internal_id: of the record that it changed (operation `apply`) · is_open: it has no
    result · is_taken: NetSuite refused it because a record has its external id."""

    entry: Entry
    body: dict[str, Any]
    internal_id: str | None
    is_open: bool
    is_taken: bool

    @property
    def is_create(self) -> bool:
        return self.entry.operation == "create"

    @property
    def applications(self) -> list[tuple[str, Decimal]]:
        """(internal id of the document, amount) of the body."""
        rows = self.body.get("apply", {}).get("items", [])
        return [(str(row["doc"]["id"]), Decimal(row["amount"])) for row in rows]

    @property
    def total(self) -> Decimal:
        """The total, in major units, that NetSuite must show of the body: of a refund its applications, of a journal
        its debits, of a memo its lines and tax details."""
        if self.entry.record_type == "customerRefund":
            return sum((amount for _, amount in self.applications), Decimal(0))
        rows = [row for name in ("item", "line", "taxDetails") for row in self.body.get(name, {}).get("items", [])]
        amounts = (row.get(name) for row in rows for name in ("amount", "grossAmt", "debit", "taxAmount"))
        return sum((Decimal(amount) for amount in amounts if amount is not None), Decimal(0))

    def is_in(self, applied: comparison.Applied) -> bool:
        """Whether NetSuite shows all its applications."""
        return all(doc in applied for doc, _ in self.applications)


def unsettled(warehouse: Warehouse) -> dict[Key, list[Attempt]]:
    """The attempts without a result, and those to create a record that ended without an effect, in order."""
    attempts: dict[Key, list[Attempt]] = {}
    for row in ask(warehouse.cursor(), UNSETTLED):
        record_type, external_id, operation, attempt_id, payload, internal_id, is_open, is_taken = row
        entry = Entry(record_type, external_id, operation, "attempted", attempt_id)
        attempt = Attempt(entry, parse(payload), internal_id, is_open, is_taken)
        attempts.setdefault((record_type, external_id), []).append(attempt)
    return attempts


def settle_all(client: NetSuite, attempts: dict[Key, list[Attempt]]) -> Iterator[list[Entry]]:
    """The log rows that end these attempts, a bulk at a time. Raises NetSuiteError."""
    for record_type, keys in groupby(sorted(attempts), lambda key: key[0]):
        for bulk in lookup.bulks(keys):
            yield _settle_bulk(client, record_type, [attempts[key] for key in bulk])


def _settle_bulk(client: NetSuite, record_type: str, records: Sequence[list[Attempt]]) -> list[Entry]:
    names = {attempt.entry.external_id for attempts in records for attempt in attempts if attempt.is_create}
    changed = {a.internal_id for attempts in records for a in attempts if not a.is_create and a.internal_id}
    find = lookup.find_items if record_type == "serviceSaleItem" else lookup.find_transactions
    named = find(client, names) if names else {}
    by_id = lookup.find_by_internal_id(client, changed) if changed else {}
    found = (*named.values(), *by_id.values())
    links = lookup.find_applied(client, record_type, found) if found else {}
    entries: list[Entry] = []
    for attempts in records:
        creates = [attempt for attempt in attempts if attempt.is_create]
        if creates:
            entries += _of_creates(creates, named.get(creates[0].entry.external_id.lower()), links)
        for attempt in attempts:
            if not attempt.is_create and attempt.is_open:
                entries.append(_of_apply(attempt, by_id, links))
    return entries


def _of_apply(attempt: Attempt, by_id: dict[str, Found], links: Links) -> Entry:
    internal_id = attempt.internal_id or ""
    if internal_id in by_id and attempt.is_in(links.get(internal_id, {})):
        return attempt.entry.result("applied", internal_id=internal_id)
    return attempt.entry.without_effect(NOTHING_SEEN)


def _of_creates(attempts: Sequence[Attempt], found: Found | None, links: Links) -> Iterator[Entry]:
    """Ends the attempts to create one record: at most one of them is the one that created it."""
    ours = [attempt for attempt in attempts if not attempt.is_taken]
    applied = links.get(found.internal_id, {}) if found else {}
    if found and not ours and not any(comparison.before_adoption(_sent(attempts[-1]), found, applied)):
        yield from _adopted(attempts, found, applied)
        return
    if found is None or not ours or any(comparison.identity(_sent(ours[-1]), found)):
        words = f"NetSuite record {found.internal_id} has its external id, not by this attempt" if found else None
        yield from (attempt.entry.without_effect(words or NOTHING_SEEN) for attempt in attempts if attempt.is_open)
        return
    maker = next((attempt for attempt in ours if attempt.is_open and attempt.is_in(applied)), None)
    for attempt in attempts:
        if attempt is maker:
            yield attempt.entry.result("created", internal_id=found.internal_id)
        elif attempt.is_open:
            yield attempt.entry.without_effect(
                f"NetSuite record {found.internal_id} was made by another attempt of ours"
            )
    if maker is None:
        present = {doc: amount for attempt in ours for doc, amount in attempt.applications if doc in applied}
        payload = seen_payload(found, present.items())
        yield entry_of(_sent(ours[-1]), "created", internal_id=found.internal_id, payload=payload)


def _adopted(attempts: Sequence[Attempt], found: Found, applied: comparison.Applied) -> Iterator[Entry]:
    """Ends attempts that NetSuite refused for the record `found`, which agrees with them: the last adopts it."""
    *earlier, last = attempts
    for attempt in earlier:
        if attempt.is_open:
            yield attempt.entry.without_effect(f"NetSuite record {found.internal_id} has its external id already")
    present = [(doc, amount) for doc, amount in last.applications if doc in applied]
    row = {"internal_id": found.internal_id, "payload": seen_payload(found, present)}
    yield last.entry.result("adopted", **row) if last.is_open else entry_of(_sent(last), "adopted", **row)


def _sent(attempt: Attempt) -> Record:
    """The record that an attempt was to create, as its body tells."""
    customer = attempt.body.get("entity") or attempt.body.get("customer") or {}
    return Record(
        attempt.entry.record_type,
        attempt.entry.external_id,
        customer_id=customer.get("id"),
        currency_id=(attempt.body.get("currency") or {}).get("id"),
        total=attempt.total,
        applications=tuple(Application(doc, None, amount) for doc, amount in attempt.applications),
    )
