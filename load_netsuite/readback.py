"""Compares NetSuite with what was written, and logs the result (P5).

The expected applications and lines come from the journal (bodies sent, records adopted), the expected total from the
marts. NetSuite may have named another record than ours in its answer: ours is then looked up by its external id, and
the log learns its internal id.

Lines are compared once, after the record was created: a later change is a person's decision. Lines of an adopted
record were never sent by us, so they are not compared.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby

from load_netsuite import comparison
from load_netsuite.bodies import Row
from load_netsuite.comparison import Difference, SentLine
from load_netsuite.journal import Entry
from load_netsuite.journal_queries import UNCHECKED, Sent, in_bulks, seen_payload, sent_in_journal
from load_netsuite.marts import ExpectedTotal, Marts
from netsuite import lookup
from netsuite.api import NetSuite
from netsuite.errors import Refused
from netsuite.lookup import Found, Line, Links
from warehouse.query import Cursor, Warehouse

log = logging.getLogger("load_netsuite")

LAG_PAUSES = (3.0, 5.0, 10.0, 15.0, 30.0)
"""Seconds before each further look at a record that NetSuite does not show as written. After the first, only records
that were just written are waited for: SuiteQL can lag behind them."""
JUST_WRITTEN_SECONDS = 600.0
"""Age up to which a record or application that SuiteQL does not show may still be on its way there."""

COLUMNS = ("record_type", "external_id", "internal_id", "known_difference", "is_first", "written_at", "was_unseen")
"""Of the query UNCHECKED."""

Key = tuple[str, str]
"""record type, external id"""


@dataclass(frozen=True)
class Checked:
    """The result of a read-back of one bulk.

    entries: new rows for the log · known: records that still differ as the log says already · unseen: records that were
    just written and that SuiteQL does not show yet, or not with all their applications; they cannot be judged.
    """

    entries: list[Entry]
    known: frozenset[Key]
    unseen: frozenset[Key]


def read_back(
    warehouse: Warehouse, marts: Marts, client: NetSuite, unseen: Set[Key] | None = None
) -> Iterator[Checked]:
    """Compares everything written since it was last found right, a bulk at a time. Rows: `verified`, `differs`, and
    `adopted` where the record stands under another internal id than the log's.

    A difference that the log has already is not logged again; one that has gone is `verified`. unseen: look neither at
    these records, for which this run has waited already, nor at known differences; None: look at all, and log `unknown`
    for what SuiteQL still does not show. Raises NetSuiteError.
    """
    cursor = warehouse.cursor()
    for rows in in_bulks(warehouse, UNCHECKED, COLUMNS):
        bulk = [row for row in rows if unseen is None or (row["known_difference"] is None and _key(row) not in unseen)]
        if bulk:
            yield _check(bulk, cursor, marts, client, is_last=unseen is None)


def look_again(rows: Sequence[Row], warehouse: Warehouse, marts: Marts, client: NetSuite) -> Iterator[Checked]:
    """As `read_back`, for records that were found right and are gone. rows: record type, external id, internal id."""
    seen_before = {"known_difference": None, "is_first": False, "written_at": 0, "was_unseen": True}
    for _, same_type in groupby(sorted(rows, key=_key), lambda row: row["record_type"]):
        bulk = [row | seen_before for row in same_type]
        yield _check(bulk, warehouse.cursor(), marts, client, is_last=True)


def _check(bulk: Sequence[Row], cursor: Cursor, marts: Marts, client: NetSuite, is_last: bool) -> Checked:
    entries, late = _compare(bulk, cursor, marts, client)
    for look, pause in enumerate(LAG_PAUSES):
        # A person may be editing at this moment, or the query may lag behind the record.
        is_worth_it = late if look else any(entry.status == "differs" for entry in entries)
        if not is_worth_it:
            break
        if look:
            name = " ".join(min(late))
            log.warning("waiting %.0f s for SuiteQL to show %d records just written (%s, ...)", pause, len(late), name)
        client.clock.sleep(pause)
        entries, late = _compare(bulk, cursor, marts, client)
    unseen = frozenset(late)
    known = {_key(row): row["known_difference"] for row in bulk}
    new, old = [], set()
    for entry in entries:
        key = entry.record_type, entry.external_id
        if entry.status == "differs" and key in unseen:
            if is_last:
                words = f"{' '.join(key)} was written, but SuiteQL does not show all of it yet; the next run asks again"
                new.append(replace(entry, status="unknown", error_code="NOT_SHOWN", error_detail=words))
        elif entry.status == "differs" and entry.error_detail == known[key]:
            old.add(key)
        else:
            new.append(entry)
    return Checked(new, frozenset(old), unseen)


def _key(row: Row) -> Key:
    return row["record_type"], row["external_id"]


@dataclass(frozen=True)
class _Shown:
    """The records of one bulk as NetSuite shows them, by external id.

    returned: external ids of records that stand under another internal id than the log's · owners: the other record
    that has the internal id of the log · lines: internal id → (lines sent, lines shown), where both are known.
    """

    records: dict[str, Found]
    returned: frozenset[str]
    owners: dict[str, Found]
    links: Links
    lines: dict[str, tuple[list[SentLine], list[Line]]]


def _compare(rows: Sequence[Row], cursor: Cursor, marts: Marts, client: NetSuite) -> tuple[list[Entry], set[Key]]:
    """The log rows for the records, and those that were just written and that SuiteQL does not show, or not with all
    their applications."""
    record_type, names = rows[0]["record_type"], [row["external_id"] for row in rows]
    sent = sent_in_journal(cursor, record_type, names)
    shown = _look_up(client, record_type, rows, sent)
    expected = marts.expected_totals(record_type, names)
    entries: list[Entry] = []
    late: set[Key] = set()
    for row in rows:
        name = row["external_id"]
        own = list(_entries(row, sent[name], shown, expected.get(name)))
        entries += own
        # The clock may have jumped since, so the first look after a write counts as soon after it (P9).
        is_new = not row["was_unseen"] or client.clock.now() - row["written_at"] / 1_000_000 < JUST_WRITTEN_SECONDS
        if own[-1].status == "differs" and is_new and row["known_difference"] is None:
            found = shown.records.get(name)
            applied = shown.links.get(found.internal_id, {}) if found else {}
            lacks_any = any(applied.get(doc, 0) < amount for doc, amount in sent[name].applied.items())
            if found is None or lacks_any:
                late.add(_key(row))
    return entries, late


def _look_up(client: NetSuite, record_type: str, rows: Sequence[Row], sent: dict[str, Sent]) -> _Shown:
    by_id = lookup.find_by_internal_id(client, (row["internal_id"] for row in rows if row["internal_id"]))
    records: dict[str, Found] = {}
    owners: dict[str, Found] = {}
    for row in rows:
        name, found = row["external_id"], by_id.get(row["internal_id"])
        if found:
            known_as = sent[name].name
            is_ours = found.external_id.lower() == (name if known_as is None else known_as).lower()
            (records if is_ours else owners)[name] = found
    # A record that was deleted while an earlier request for it was under way can come back under another id.
    lost = {row["external_id"] for row in rows} - records.keys()
    returned = {
        found.external_id: found
        for found in (lookup.find_transactions(client, lost) if lost else {}).values()
        if found.type == lookup.SUITEQL_TYPES[record_type]
    }
    links = lookup.find_links(client, record_type, [*by_id, *(found.internal_id for found in returned.values())])
    records = returned | records
    to_compare = [
        (records[name], sent[name]) for row in rows if row["is_first"] and (name := row["external_id"]) in records
    ]
    return _Shown(records, frozenset(returned), owners, links, _lines_to_compare(client, to_compare))


def _entries(row: Row, sent: Sent, shown: _Shown, expected: ExpectedTotal | None) -> Iterator[Entry]:
    """The log rows for one record."""
    record_type, name = row["record_type"], row["external_id"]
    found, is_returned = shown.records.get(name), name in shown.returned
    internal_id = found.internal_id if found else row["internal_id"]
    applied = shown.links.get(internal_id, {})
    difference = _difference(name, found, applied, sent, shown, expected)
    if found and difference and is_returned and not any(comparison.after_write(found, applied, {}, expected)):
        # The record itself is as expected, so the log must learn its id, although a person changed its applications.
        present = [(doc, amount) for doc, amount in sent.applied.items() if applied.get(doc, 0) >= amount]
        payload = seen_payload(found, present)
        yield Entry(record_type, name, "look_up", "adopted", internal_id=internal_id, payload=payload)
    yield Entry(
        record_type,
        name,
        "look_up" if is_returned and not difference else "read_back",
        "differs" if difference else "adopted" if is_returned else "verified",
        internal_id=internal_id,
        error_detail=f"{record_type} {name} (NetSuite {internal_id}): {difference}" if difference else None,
        payload=seen_payload(found, sent.applied.items()) if found else None,
    )


def _difference(
    name: str,
    found: Found | None,
    applied: dict[str, Decimal],
    sent: Sent,
    shown: _Shown,
    expected: ExpectedTotal | None,
) -> str | None:
    """The first difference as a sentence; None if the record is as expected."""
    if found is None and name in shown.owners:
        owner = shown.owners[name].external_id or "another record"
        return f"is not in NetSuite: that id belongs to {owner}"
    difference: Difference | None = next(comparison.after_write(found, applied, sent.applied, expected), None)
    if found and difference is None and found.internal_id in shown.lines:
        currency = comparison.currency_of(expected)
        difference = comparison.of_lines(found, *shown.lines[found.internal_id], currency)
    return difference.sentence if difference else None


def _lines_to_compare(
    client: NetSuite, records: Sequence[tuple[Found, Sent]]
) -> dict[str, tuple[list[SentLine], list[Line]]]:
    """internal id → (lines sent, lines shown), of the records that we created."""
    created = {found.internal_id: sent for found, sent in records if sent.lines}
    if not created:
        return {}
    try:
        lines = lookup.find_lines(client, {id: len(sent.lines) for id, sent in created.items()})
        item_names = {
            line["item"]["externalId"] for sent in created.values() for line in sent.lines if "id" not in line["item"]
        }
        items = lookup.find_items(client, item_names) if item_names else {}
    except Refused as refused:
        # Total and applications of these records are as expected; a push must not fail for their lines.
        log.warning("the lines of %d records could not be read back: %s", len(created), refused)
        return {}
    return {id: (_sent_lines(sent, items), lines[id]) for id, sent in created.items() if id in lines}


def _sent_lines(sent: Sent, items: dict[str, Found]) -> list[SentLine]:
    """The lines sent, without those whose item NetSuite does not have."""
    lines: list[SentLine] = []
    for line in sent.lines:
        item = line["item"].get("id")
        if item is None and (found := items.get(line["item"]["externalId"].lower())):
            item = found.internal_id
        if item:
            lines.append((item, line.get("amount")))
    return lines
