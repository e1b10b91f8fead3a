"""Everything ever posted, compared with NetSuite now. Differences go to `load_netsuite.drift`; nothing is
repaired.

What an accountant does by hand on top (applying an out-of-band part, adding to a refund) is progress, not
drift.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from load_netsuite.bodies import Row
from load_netsuite.marts import Marts
from load_netsuite.readback import Claims, in_bulks, parse, sent_in_journal
from load_netsuite.tables import open_with_journal
from netsuite import lookup
from netsuite.api import NetSuite
from netsuite.lookup import Found

POSTED = """
select record_type, external_id,
    arg_max(internal_id, load_log.at) filter (where status in ('created', 'adopted')) as internal_id,
    arg_max(payload, load_log.at) filter (where status in ('adopted', 'verified')) as last_seen
from load_netsuite.load_log
where record_type <> 'serviceSaleItem'
group by record_type, external_id
having internal_id is not null
order by record_type, external_id
"""


@dataclass(frozen=True)
class Drift:
    """One difference; amounts in the currency's minor unit, None where there is no amount.

    difference: `deleted`, `voided`, `external_id_changed`, `total_changed`, `unapplied`, `applied_less`,
    `applied_elsewhere` (taken off our document and put on another).
    """

    record_type: str
    external_id: str
    internal_id: str
    difference: str
    expected_minor: int | None
    found_minor: int | None
    currency: str | None
    detail: str


def reconcile(settings: Any, console: Console | None = None) -> list[Drift]:
    """Fills `load_netsuite.drift` anew and prints it. Raises WarehouseLocked, LoginRefused, NetSuiteError."""
    with open_with_journal(settings.warehouse_path) as warehouse, NetSuite(settings) as client:
        drifts = find_drift(warehouse, client)
        _store(warehouse, drifts, client.clock.now())
    _print(drifts, console or Console())
    return drifts


def find_drift(warehouse: duckdb.DuckDBPyConnection, client: NetSuite) -> list[Drift]:
    cursor, marts = warehouse.cursor(), Marts(warehouse)
    columns = ("record_type", "external_id", "internal_id", "last_seen")
    drifts: list[Drift] = []
    for bulk in in_bulks(warehouse, POSTED, columns):
        drifts += _of_bulk(bulk, cursor, marts, client)
    return drifts


def _of_bulk(rows: Sequence[Row], cursor: duckdb.DuckDBPyConnection, marts: Marts, client: NetSuite) -> Iterator[Drift]:
    record_type = rows[0]["record_type"]
    ids = [row["external_id"] for row in rows]
    found = lookup.find_by_internal_id(client, (row["internal_id"] for row in rows))
    gone = [row["external_id"] for row in rows if row["internal_id"] not in found]
    again = lookup.find_transactions(client, gone) if gone else {}
    links = lookup.find_links(client, record_type, found)
    sent = sent_in_journal(cursor, record_type, ids)
    meant = marts.meant(record_type, ids)
    scales = {row["currency"]: row["scale"] for row in meant.values() if row["scale"]}
    for row in rows:
        there = found.get(row["internal_id"])
        mart = meant.get(row["external_id"], {})
        seen = parse(row["last_seen"])
        total = Decimal(seen.get("total", mart.get("total") or 0))
        scale = mart.get("scale") or scales.get(mart.get("currency")) or Decimal(100)
        applied = links.get(row["internal_id"], {})
        name = seen.get("externalId", row["external_id"])
        for difference, expected, now, detail in _differences(
            there, again.get(name.lower()), name, total, applied, sent[row["external_id"]].claims
        ):
            yield Drift(
                record_type,
                row["external_id"],
                row["internal_id"],
                difference,
                _minor(expected, scale),
                _minor(now, scale),
                mart.get("currency"),
                f"{record_type} {row['external_id']} (NetSuite {row['internal_id']}) {detail}",
            )


def _differences(
    there: Found | None,
    again: Found | None,
    external_id: str,
    total: Decimal,
    applied: Claims,
    claims: Claims,
) -> Iterator[tuple[str, Decimal | None, Decimal | None, str]]:
    """again: what stands under our external id where our internal id is gone."""
    if there is None:
        now, instead = Decimal(0), ""
        if again:
            now = again.total
            instead = f"; {again.internal_id} over {again.total} has its external id now"
        yield "deleted", total, now, f"is not in NetSuite any more{instead}"
        return
    if there.is_voided:
        yield "voided", total, Decimal(0), "was voided"
    if there.external_id != external_id:
        yield "external_id_changed", None, None, f"has the external id {there.external_id or '(none)'} now"
    grew_by_hand = there.type == "CustRfnd" and there.total > total  # a person added a memo to the refund
    if there.total != total and not grew_by_hand:
        yield "total_changed", total, there.total, f"has the total {there.total} now, it was {total}"
    elsewhere = [doc for doc in applied if doc not in claims]
    for doc, amount in claims.items():
        now = applied.get(doc, Decimal(0))
        if now >= amount:
            continue
        kind = "applied_less" if now else "applied_elsewhere" if elsewhere else "unapplied"
        where = f", and is applied to {', '.join(sorted(elsewhere))}" if elsewhere else ""
        yield kind, amount, now, f"applies {now} to document {doc} now, it was {amount}{where}"


def _minor(amount: Decimal | None, scale: Decimal) -> int | None:
    return None if amount is None else int(amount * scale)


def _store(warehouse: duckdb.DuckDBPyConnection, drifts: Sequence[Drift], now: float) -> None:
    at = dt.datetime.fromtimestamp(now, dt.UTC)
    warehouse.execute("begin")
    warehouse.execute("delete from load_netsuite.drift")
    if drifts:
        rows = [
            [
                at,
                d.record_type,
                d.external_id,
                d.internal_id,
                d.difference,
                d.expected_minor,
                d.found_minor,
                d.currency,
                d.detail,
            ]
            for d in drifts
        ]
        warehouse.executemany("insert into load_netsuite.drift values (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    warehouse.execute("commit")


def _print(drifts: Sequence[Drift], console: Console) -> None:
    if not drifts:
        console.print("NetSuite shows everything as it was posted.")
        return
    table = Table(title=f"Changed in NetSuite since it was posted: {len(drifts)}")
    for column in ("difference", "currency", "detail"):
        table.add_column(column, overflow="fold")
    for drift in drifts:
        table.add_row(drift.difference, drift.currency or "", drift.detail)
    console.print(table)
