"""Compares every posted record with NetSuite now, and looks for records under our external ids that the journal does
not have. Differences are appended to `load_netsuite.drift`; nothing is repaired.

A record that is gone also gets a `differs` row in the journal, which blocks its document (I4).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from decimal import Decimal

from rich.console import Console

from load_netsuite import comparison
from load_netsuite.bodies import Row
from load_netsuite.journal import Journal
from load_netsuite.journal_queries import NAMED, NOT_POSTED, POSTED, Sent, in_bulks, parse, sent_in_journal
from load_netsuite.marts import ExpectedTotal, Marts
from load_netsuite.presence import gone_records
from load_netsuite.readback import look_again
from load_netsuite.tables import open_with_journal
from netsuite import lookup
from netsuite.api import NetSuite
from netsuite.lookup import Found
from settings import Settings
from text_tables import print_table
from warehouse.query import Cursor, Warehouse, ask

COLUMNS = ("record_type", "external_id", "internal_id", "last_seen")
"""Of the query POSTED."""


@dataclass(frozen=True)
class Drift:
    """One difference; amounts in the currency's minor unit, None where no amount differs.

    difference: `deleted`, `voided`, `external_id_changed`, `total_changed`, `unapplied`, `applied_less`,
    `applied_elsewhere` (taken off our document and put on another), `not_in_journal` (it stands under an external id of
    ours, and no row of the journal names it).
    """

    record_type: str
    external_id: str
    internal_id: str
    difference: str
    expected_minor: int | None
    found_minor: int | None
    currency: str | None
    detail: str


def reconcile(settings: Settings, console: Console | None = None, run_id: str | None = None) -> list[Drift]:
    """Appends what differs now to `load_netsuite.drift`, notes the time of the comparison, and prints it. run_id: of
    the command.

    Raises WarehouseLocked, WarehouseError, JournalError, RecordsGone, ClockOff, LoginRefused, NetSuiteError,
    SettingsError.
    """
    with (
        open_with_journal(settings.warehouse_url or settings.warehouse_path, "reconcile") as warehouse,
        NetSuite(settings) as client,
    ):
        gone = gone_records(warehouse, client, is_thorough=True)
        drifts = [*find_drift(warehouse, client), *find_strangers(warehouse, client)]
        journal, marts = Journal(warehouse, client.clock, run_id), Marts(warehouse)
        for checked in look_again(gone, warehouse, marts, client):
            journal.write(*checked.entries)
        _store(warehouse, drifts, client.clock.now(), journal.run_id)
    _print(drifts, console or Console())
    return drifts


def find_drift(warehouse: Warehouse, client: NetSuite) -> list[Drift]:
    """Every difference between NetSuite now and the journal. Raises NetSuiteError."""
    cursor, marts = warehouse.cursor(), Marts(warehouse)
    drifts: list[Drift] = []
    for rows in in_bulks(warehouse, POSTED, COLUMNS):
        drifts += _of_bulk(rows, cursor, marts, client)
    return drifts


def find_strangers(warehouse: Warehouse, client: NetSuite) -> list[Drift]:
    """Records that stand in NetSuite under an external id of ours although the journal does not have them, and that no
    row of it names: of attempts that came through late, of a lost warehouse, of documents skipped since (P2)."""
    cursor = warehouse.cursor()
    marts = Marts(warehouse)
    names = {name for (name,) in ask(cursor, NOT_POSTED)} | set(marts.held_names())
    currencies = {id: comparison.Currency(*currency) for id, currency in marts.currencies().items()}
    named = {internal_id for (internal_id,) in ask(cursor, NAMED)}
    return [
        _stranger(found, currencies.get(found.currency or "", comparison.Currency()))
        for found in lookup.find_transactions(client, names).values()
        if found.internal_id not in named
    ]


def _stranger(found: Found, currency: comparison.Currency) -> Drift:
    kinds = {suiteql: record_type for record_type, suiteql in lookup.SUITEQL_TYPES.items()}
    detail = (
        f"NetSuite has {found.type} {found.internal_id} over {currency.words(found.total)} under {found.external_id}, "
        "but the journal does not have it. Run push to adopt it, or, if its document is skipped, reverse it by hand."
    )
    record_type = kinds.get(found.type, found.type)
    return Drift(record_type, found.external_id, found.internal_id, "not_in_journal", None, None, None, detail)


def _of_bulk(rows: Sequence[Row], cursor: Cursor, marts: Marts, client: NetSuite) -> Iterator[Drift]:
    record_type, names = rows[0]["record_type"], [row["external_id"] for row in rows]
    found = lookup.find_by_internal_id(client, (row["internal_id"] for row in rows))
    gone = [row["external_id"] for row in rows if row["internal_id"] not in found]
    returned = lookup.find_transactions(client, gone) if gone else {}
    links = lookup.find_links(client, record_type, found)
    sent = sent_in_journal(cursor, record_type, names)
    expected = marts.expected_totals(record_type, names)
    scales = {total.currency: total.minor_units for total in expected.values() if total.minor_units}
    for row in rows:
        name, internal_id = row["external_id"], row["internal_id"]
        total = expected.get(name) or ExpectedTotal(None, None)
        scale = total.minor_units or scales.get(total.currency) or Decimal(100)
        applied = links.get(internal_id, {})
        for difference in _differences(row, found.get(internal_id), returned, applied, sent[name], total):
            yield Drift(
                record_type,
                name,
                internal_id,
                difference.kind,
                _minor(difference.expected, scale),
                _minor(difference.found, scale),
                total.currency,
                f"{record_type} {name} (NetSuite {internal_id}): {difference.sentence}",
            )


def _differences(
    row: Row,
    found: Found | None,
    returned: dict[str, Found],
    applied: dict[str, Decimal],
    sent: Sent,
    expected: ExpectedTotal,
) -> Iterator[comparison.Difference]:
    """The expected record is the one that the journal last saw; before any read-back, the one of the marts."""
    last_seen = parse(row["last_seen"])
    name = str(last_seen.get("externalId", row["external_id"]))
    total = Decimal(last_seen.get("total", expected.total or 0))
    currency = comparison.currency_of(expected)
    return comparison.since_posting(found, returned.get(name.lower()), applied, sent.applied, name, total, currency)


def _minor(amount: Decimal | None, scale: Decimal) -> int | None:
    return None if amount is None else int(amount * scale)


def _store(warehouse: Warehouse, drifts: Sequence[Drift], now: float, run_id: str) -> None:
    at = dt.datetime.fromtimestamp(now, dt.UTC)
    warehouse.execute("begin")
    if drifts:
        rows = [(at, *astuple(drift), at) for drift in drifts]
        warehouse.executemany("insert into load_netsuite.drift values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    ((records,),) = warehouse.execute(f"select count(*) from ({POSTED}) as posted").fetchall()
    warehouse.execute(
        "insert into load_netsuite.reconciliations values (?, ?, ?, ?)", [at, records, len(drifts), run_id]
    )
    warehouse.execute("commit")


def _print(drifts: Sequence[Drift], console: Console) -> None:
    if not drifts:
        console.print("NetSuite shows everything as it was posted.")
        return
    title = f"Changed in NetSuite since it was posted: {len(drifts)}"
    rows = [(drift.difference, (drift.currency or "").upper(), drift.detail) for drift in drifts]
    print_table(console, title, ("difference", "currency", "detail"), rows)
