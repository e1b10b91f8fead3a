"""What NetSuite shows of what was written, against what was meant (P5).

What was meant comes from two places: applications and lines from the journal (bodies sent, or found and
adopted), the total from the marts. More applied by a person is fine; less, or another total, is a
difference. So is another record than ours under the internal id that NetSuite named: ours is then looked up
by its external id.

Lines are compared once, after the record was created: what a person reclassifies later is theirs. Every line
we sent must be among NetSuite's rows, by item and amount; further rows (tax, cost of goods, members of a
kit) are NetSuite's own, and the total is checked anyway. Where the rows do not add up to the record, the
account shows them in a way of its own (SuiteTax, non-posting discounts) and they prove nothing. Gross
amounts are split by NetSuite, so only the items of such lines are compared. What was adopted was never sent
by us line by line.
"""

from __future__ import annotations

import json
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from typing import Any

import duckdb

from load_netsuite import bodies
from load_netsuite.bodies import Body, Row
from load_netsuite.journal import WRITTEN, Entry
from load_netsuite.marts import Marts
from netsuite import lookup
from netsuite.api import NetSuite, to_json
from netsuite.errors import Refused
from netsuite.lookup import Found, Line
from warehouse.query import ask, ask_in_bulks

log = logging.getLogger("load_netsuite")

SECOND_LOOK_SECONDS = 3.0
SHOWN_LINES = 3

Claims = dict[str, Decimal]
"""Internal id of a document → amount of ours applied to it."""

Lines = list[tuple[str, Decimal | None]]
"""(internal id of the item, amount; None where only NetSuite knows it)"""


@dataclass
class Sent:
    """What the journal says of one record.

    name: the external id it has in NetSuite (of one made by a person: theirs) · lines: the item rows of the
    body that created it, as sent; empty if it was found.
    """

    name: str = ""
    claims: Claims = field(default_factory=dict)
    lines: list[dict[str, Any]] = field(default_factory=list)


# Records written since they were last found right. Items hold no money. `is_first`: never found right yet.
UNCHECKED = f"""
with written as (
    select record_type, external_id, max(load_log.at) as at,
        arg_max(internal_id, load_log.at) filter (where internal_id is not null) as internal_id
    from load_netsuite.load_log
    where status in {WRITTEN} and record_type <> 'serviceSaleItem'
    group by record_type, external_id
),
checked as (
    select record_type, external_id, max(load_log.at) as at, arg_max(status, load_log.at) as status,
        arg_max(error_detail, load_log.at) as difference,
        bool_or(status = 'verified') as was_right
    from load_netsuite.load_log
    where operation = 'read_back'
    group by record_type, external_id
)
select w.record_type, w.external_id, w.internal_id, case when c.at > w.at then c.difference end as known,
    not coalesce(c.was_right, false) as is_first
from written as w
left join checked as c on c.record_type = w.record_type and c.external_id = w.external_id
where c.at is null or c.at < w.at or c.status = 'differs'
order by w.record_type, w.external_id
"""


# What was sent or found, in order: the body of the attempt, or the payload of what was there.
PAYLOADS = f"""
with of_these as (
    select * from load_netsuite.load_log
    where record_type = ? and external_id in (select unnest(?::varchar[]))
)
select answer.external_id, answer.status, coalesce(attempt.payload, answer.payload)
from of_these as answer
left join of_these as attempt
    on attempt.attempt_id = answer.attempt_id and attempt.status = 'attempted'
    and answer.status in ('created', 'applied')
where answer.status in {WRITTEN}
order by answer.at
"""


def read_back(
    warehouse: duckdb.DuckDBPyConnection, marts: Marts, client: NetSuite, known_too: bool = True
) -> Iterator[list[Entry]]:
    """Log rows `verified` and `differs` for everything written since it was last found right, a bulk at a
    time; `adopted` where the record stands under another internal id than the log's, also if a person has
    changed its applications meanwhile.

    A difference that the log knows already is not logged again; one that has gone is `verified`. known_too:
    look at those with a known difference again.
    """
    cursor = warehouse.cursor()
    columns = ("record_type", "external_id", "internal_id", "known", "is_first")
    for all_of_bulk in in_bulks(warehouse, UNCHECKED, columns):
        bulk = [row for row in all_of_bulk if known_too or row["known"] is None]
        if not bulk:
            continue
        entries = _compare(bulk, cursor, marts, client)
        if any(entry.status == "differs" for entry in entries):
            # Someone may be editing at this moment, or the query may lag behind the record.
            client.clock.sleep(SECOND_LOOK_SECONDS)
            entries = _compare(bulk, cursor, marts, client)
        known = {row["external_id"]: row["known"] for row in bulk}
        yield [
            entry for entry in entries if entry.status != "differs" or entry.error_detail != known[entry.external_id]
        ]


def in_bulks(warehouse: duckdb.DuckDBPyConnection, sql: str, columns: Sequence[str]) -> Iterator[list[Row]]:
    """Rows of a query that is ordered by record type: bulks of one type each, read as they are needed."""
    for rows in ask_in_bulks(warehouse.cursor(), sql, lookup.BULK):
        named = (dict(zip(columns, row, strict=True)) for row in rows)
        for _, same_type in groupby(named, lambda row: row["record_type"]):
            yield list(same_type)


def _compare(rows: Sequence[Row], cursor: duckdb.DuckDBPyConnection, marts: Marts, client: NetSuite) -> list[Entry]:
    record_type = rows[0]["record_type"]
    names = [row["external_id"] for row in rows]
    found = lookup.find_by_internal_id(client, (row["internal_id"] for row in rows if row["internal_id"]))
    sent = sent_in_journal(cursor, record_type, names)
    others = {
        row["external_id"]: there
        for row in rows
        if (there := found.get(row["internal_id"]))
        and there.external_id.lower() != (sent[row["external_id"]].name or row["external_id"]).lower()
    }
    # Deleted while an earlier request for it was still under way, a record can come back under another id.
    gone = {row["external_id"] for row in rows if row["external_id"] in others or row["internal_id"] not in found}
    returned = {
        there.external_id: there
        for there in (lookup.find_transactions(client, gone) if gone else {}).values()
        if there.type == lookup.SUITEQL_TYPES[record_type]
    }
    links = lookup.find_links(client, record_type, [*found, *(t.internal_id for t in returned.values())])
    seen = returned | {row["external_id"]: found[row["internal_id"]] for row in rows if row["external_id"] not in gone}
    lines = _lines_to_compare(
        client,
        [
            (there, sent[row["external_id"]])
            for row in rows
            if row["is_first"] and (there := seen.get(row["external_id"]))
        ],
    )
    meant = marts.meant(record_type, names)
    entries = []
    for row in rows:
        name = row["external_id"]
        there, claims = seen.get(name), sent[name].claims
        internal_id = there.internal_id if there else row["internal_id"]
        applied = links.get(internal_id, {})
        difference = _difference(there, applied, claims, meant.get(name))
        if there is None and name in others:
            owner = others[name].external_id or "another record"
            difference = f"is not in NetSuite: that id belongs to {owner}"
        elif there and not difference and internal_id in lines:
            difference = _line_difference(there, *lines[internal_id])
        if there and difference and name in returned and not _difference(there, applied, {}, meant.get(name)):
            # The record itself is as meant, so the log shall know its id, whatever somebody did to its
            # applications.
            present = [(doc, amount) for doc, amount in claims.items() if applied.get(doc, 0) >= amount]
            payload = shown(there, present)
            entries.append(Entry(record_type, name, "look_up", "adopted", internal_id=internal_id, payload=payload))
        entries.append(
            Entry(
                record_type,
                name,
                "look_up" if name in returned and not difference else "read_back",
                "differs" if difference else "adopted" if name in returned else "verified",
                internal_id=internal_id,
                error_detail=f"{record_type} {name} (NetSuite {internal_id}): {difference}" if difference else None,
                payload=shown(there, claims.items()) if there else None,
            )
        )
    return entries


def _difference(there: Found | None, applied: Claims, claims: Claims, meant: Row | None) -> str | None:
    if there is None:
        return "is not in NetSuite"
    if there.is_voided:
        return "is voided"
    for doc, amount in claims.items():
        if applied.get(doc, Decimal(0)) < amount:
            return f"applies {applied.get(doc, Decimal(0))} to document {doc}, meant was {amount}"
    if meant is None:
        return None
    if there.type == "CustRfnd":  # its total is what it is applied to, and a later part or a person may add to it
        all_applied, ours = sum(applied.values(), Decimal(0)), sum(claims.values(), Decimal(0))
        if there.total < ours or there.total != all_applied:
            return f"has the total {there.total}, meant was {ours}"
        if meant["cap"] is not None and there.total > meant["cap"]:
            return f"has the total {there.total}, more than the {meant['cap']} linked to it in Stripe"
    elif there.total != (meant["total"] or 0):
        return f"has the total {there.total}, meant was {meant['total']}"
    return None


def _lines_to_compare(client: NetSuite, records: Sequence[tuple[Found, Sent]]) -> dict[str, tuple[Lines, list[Line]]]:
    """internal id → (lines as sent, rows as NetSuite shows them), of the records that we made."""
    made = {there.internal_id: sent for there, sent in records if sent.lines}
    if not made:
        return {}
    try:
        rows = lookup.find_lines(client, {id: len(sent.lines) for id, sent in made.items()})
        named = {
            line["item"]["externalId"] for sent in made.values() for line in sent.lines if "id" not in line["item"]
        }
        items = lookup.find_items(client, named) if named else {}
    except Refused as refused:
        # Their records are as wanted by total and applications; a push must not fail for this.
        log.warning("the lines of %d records could not be read back: %s", len(made), refused)
        return {}
    return {id: (_as_sent(sent, items), rows[id]) for id, sent in made.items() if id in rows}


def _as_sent(sent: Sent, items: dict[str, Found]) -> Lines:
    """(item, amount) of each line we sent; amount None: gross; a line whose item nobody knows is left out."""
    lines: Lines = []
    for line in sent.lines:
        reference = line["item"]
        item = reference.get("id") or (
            there.internal_id if (there := items.get(reference["externalId"].lower())) else None
        )
        if item:
            lines.append((item, line.get("amount")))
    return lines


def _line_difference(there: Found, sent: Lines, rows: Sequence[Line]) -> str | None:
    """What of the lines sent NetSuite does not show; None also if its rows cannot be judged."""
    is_gross = any(amount is None for _, amount in sent)
    own = [row for row in rows if row.item and not row.is_tax]
    net = sum((row.amount for row in own), Decimal(0))
    sent_net = sum((amount or Decimal(0) for _, amount in sent), Decimal(0))
    # The ledger's sign is the opposite of the form's on an invoice (facts 4); -1 x either is allowed for.
    sign = -1 if net * (sent_net or 1) < 0 else 1
    adds_up = sign * sum((row.amount for row in rows), Decimal(0)) == there.total
    if not adds_up and (is_gross or sign * net != sent_net):
        return None
    # The head of an item group shows no amount: its members, other items, carry it.
    if {row.item for row in own if not row.amount} & {item for item, amount in sent if amount}:
        return None
    shown = Counter((row.item, None if is_gross else sign * row.amount) for row in own)
    missing = Counter((item, None if is_gross else amount) for item, amount in sent) - shown
    if not missing:
        return None
    names = sorted(
        f"item {item}" + ("" if amount is None else f" over {amount}") for item, amount in missing.elements()
    )
    more = f" and {len(names) - SHOWN_LINES} more" if len(names) > SHOWN_LINES else ""
    return f"lacks {len(names)} of the {len(sent)} lines sent: {', '.join(names[:SHOWN_LINES])}{more}"


def sent_in_journal(
    cursor: duckdb.DuckDBPyConnection, record_type: str, external_ids: Sequence[str]
) -> dict[str, Sent]:
    """external id → what was sent, from the bodies of what was done and the payloads of what was found."""
    rows = ask(cursor, PAYLOADS, [record_type, list(external_ids)])
    sent: defaultdict[str, Sent] = defaultdict(Sent)
    for external_id, status, payload in rows:
        body, record = parse(payload), sent[external_id]
        record.name = body.get("externalId", record.name)
        if status == "created":
            record.lines = body.get("item", {}).get("items", [])
        for applied in body.get("apply", {}).get("items", []):
            record.claims[str(applied["doc"]["id"])] = Decimal(applied["amount"])
    return sent


def parse(payload: str | None) -> dict[str, Any]:
    """A payload of the journal, numbers as Decimal."""
    parsed: dict[str, Any] = json.loads(payload, parse_float=Decimal, parse_int=Decimal) if payload else {}
    return parsed


def shown(there: Found, applications: Iterable[tuple[str, Decimal]]) -> str:
    """The payload of an `adopted` or `verified` row: the shape of a body, as NetSuite shows it, with our
    applications."""
    body: Body = {
        "externalId": there.external_id,
        "tranDate": there.tran_date,
        "memo": there.memo,
        "total": there.total,
    }
    body = {name: value for name, value in body.items() if value is not None}
    return to_json(body | {"apply": bodies.apply(applications)}).decode()
