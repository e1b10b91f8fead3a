"""Shows a plan: its totals, in all and by item or account, what it books to each ledger account, and its records.

Amounts are in major units. A sum is of one currency; there is none over currencies.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
from rich.console import Console

from load_netsuite.records import Record
from netsuite.names import named
from text_tables import print_table

if TYPE_CHECKING:
    from load_netsuite.plan import Planned

RECORDS_SHOWN = 40
POSTED = ("create", "apply")
"""Actions that change NetSuite's books. A record that is adopted, or cannot be sent, books nothing."""

Place = tuple[str, str]
"""(`item`, `account` or ``, id): what a row of a record names"""


@dataclass(frozen=True)
class Names:
    """The names behind ids: SuiteQL table → id → name. incomes: item → the account that its income is booked to."""

    of: Mapping[str, Mapping[str, str]]
    incomes: Mapping[str, str] = field(default_factory=dict)

    def show(self, table: str, id: str | None) -> str:
        """The id with its name; empty for none."""
        return named(id, self.of.get(table, {})) if id else ""

    def into(self, records: Iterable[Planned]) -> list[Planned]:
        """The records with names behind their ids."""
        return [
            msgspec.structs.replace(
                record,
                customer=self.show("customer", record.customer) or None,
                period=self.show("accountingperiod", record.period) or None,
                account=self.show("account", record.account) or None,
            )
            for record in records
        ]


class Totals:
    """The sums of a plan. All keys hold ids; names come when they are shown."""

    def __init__(self) -> None:
        self.by_place: defaultdict[tuple[str, str, str, Place, str], tuple[int, Decimal]] = defaultdict(
            lambda: (0, Decimal(0))
        )
        """(record type, action, currency, what it names, period) → rows, amount"""
        self.by_account: defaultdict[tuple[Place, str, str], list[Decimal]] = defaultdict(
            lambda: [Decimal(0), Decimal(0)]
        )
        """(account, or item that stands for its income account; period; currency) → debit, credit"""

    def add(self, planned: Planned, record: Record, head: Mapping[str, Any]) -> None:
        """Adds a record. head: the accounts of a customer refund that only gets further applications."""
        currency, period = planned.currency or "", planned.period or ""
        for place, amount in _rows(planned, record):
            key = planned.record_type, planned.action, currency, place, period
            rows, total = self.by_place[key]
            self.by_place[key] = rows + 1, total + amount
        if planned.action in POSTED:
            for place, debit in _bookings(planned, record, head):
                sums = self.by_account[place, period, currency]
                sums[0] += max(debit, Decimal(0))
                sums[1] -= min(debit, Decimal(0))

    def items(self) -> set[str]:
        """Internal ids of the items that the plan names."""
        return {place[1] for _, _, _, place, _ in self.by_place if place[0] == "item"}

    def accounts(self) -> set[str]:
        """Internal ids of the accounts that the plan names."""
        places = {place for _, _, _, place, _ in self.by_place} | {place for place, _, _ in self.by_account}
        return {id for kind, id in places if kind == "account"}


def _rows(planned: Planned, record: Record) -> Iterator[tuple[Place, Decimal]]:
    """(item, account or applied document; amount) of each row of the record."""
    body = record.body
    if record.problem:
        yield ("", record.problem[:100]), planned.total
    elif record.record_type == "journalEntry":
        for line in body["line"]["items"]:
            yield ("account", line["account"]["id"]), line.get("debit", Decimal(0)) - line.get("credit", Decimal(0))
    elif record.operation == "create" and "item" in body:
        for line in body["item"]["items"]:
            item = line["item"]
            yield (
                ("item", item.get("id") or item["externalId"]),
                line["amount"] if "amount" in line else line["grossAmt"],
            )
    elif planned.account:
        yield ("account", planned.account), planned.total
    elif record.operation == "apply":
        yield ("", "applications"), planned.total
    else:
        yield ("", str(body.get("itemId", ""))), Decimal(0)


def _bookings(planned: Planned, record: Record, head: Mapping[str, Any]) -> Iterator[tuple[Place, Decimal]]:
    """(general-ledger account; debit, a credit negative) of what NetSuite books for the record.

    A row of an item goes to the item's income account. An application to an invoice books nothing.
    """
    body = record.body
    if record.record_type == "customerRefund":
        receivables = body.get("arAcct", {}).get("id") or head.get("netsuite_receivables_account_id")
        yield ("account", receivables or "receivables"), planned.total
        yield ("account", planned.account or "bank"), -planned.total
    elif record.record_type == "journalEntry":
        yield from _rows(planned, record)
    elif record.record_type == "creditMemo" and record.operation == "create":
        rows = list(_rows(planned, record))
        yield from rows
        tax = planned.total - sum((amount for _, amount in rows), Decimal(0))
        if tax:
            yield ("", "tax, by its tax codes"), tax
        yield ("account", planned.account or "receivables"), -planned.total


def print_plan(records: Sequence[Planned], totals: Totals, names: Names, console: Console) -> None:
    """Prints the four tables. records: with names, as they are in the file."""
    if not records:
        console.print("Nothing would be posted to NetSuite.", style="bold")
        return
    rows = []
    for (record_type, action, currency, place, period), (number, total) in sorted(totals.by_place.items()):
        shown = f"{place[0]} {_shown(place, names)}".strip(), names.show("accountingperiod", period)
        rows.append((record_type, action, *shown, number, f"{total:,} {currency.upper()}".strip()))
    title = f"Would be posted to NetSuite: {len(records)} records"
    print_table(console, title, ("record type", "what", "records", "amount"), _sums(records))
    print_table(
        console, "By item or account", ("record type", "what", "item or account", "period", "rows", "amount"), rows
    )
    booked: defaultdict[tuple[str, int, str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for (place, period, currency), (debit, credit) in totals.by_account.items():
        income = names.incomes.get(place[1]) if place[0] == "item" else None
        account = _shown(("account", income), names) if income else f"{_unknown_income(place)}{_shown(place, names)}"
        in_order = int(period) if period.isdigit() else 0
        both = booked[account, in_order, names.show("accountingperiod", period), currency.upper()]
        both[0], both[1] = both[0] + debit, both[1] + credit
    print_table(
        console,
        "Would be booked, by general-ledger account",
        ("account", "period", "currency", "debit", "credit"),
        [
            (account, period, currency, f"{debit:,}" if debit else "", f"{credit:,}" if credit else "")
            for (account, _, period, currency), (debit, credit) in sorted(booked.items())
        ],
    )
    print_table(
        console,
        f"The records (the first {RECORDS_SHOWN}; all: the plan file, and marts.posting_plan)",
        ("record", "external id", "customer, account", "date, period", "amount"),
        [
            (
                f"{r.action}\n{r.record_type}",
                r.external_id,
                _lines(r.customer, r.account),
                _lines(r.tran_date, r.period),
                f"{r.total:,} {(r.currency or '').upper()}",
            )
            for r in records[:RECORDS_SHOWN]
        ],
    )


def _sums(records: Sequence[Planned]) -> list[tuple[str, str, int, str]]:
    """Record type, action, number and amount, one row a currency."""
    found: defaultdict[tuple[str, str, str], list[Decimal]] = defaultdict(list)
    for record in records:
        found[record.record_type, record.action, (record.currency or "").upper()].append(record.total)
    return [
        (record_type, action, len(totals), f"{sum(totals):,} {currency}".strip())
        for (record_type, action, currency), totals in sorted(found.items())
    ]


def _shown(place: Place, names: Names) -> str:
    return names.show(place[0], place[1]) if place[0] else place[1]


def _unknown_income(place: Place) -> str:
    return "income account of item " if place[0] == "item" else ""


def _lines(*parts: str | None) -> str:
    return "\n".join(part for part in parts if part)
