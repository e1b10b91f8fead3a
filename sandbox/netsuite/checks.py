"""Checks that all kinds of transactions share: references, amounts, dates and accounting periods.

Each raises `Refused` in NetSuite's words; none changes anything. Rules: the NetSuite fact sheet, section 7.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Protocol

from sandbox.netsuite import errors
from sandbox.netsuite.records import Transaction
from sandbox.netsuite.schema import Fields

Row = Mapping[str, Any]  # of master data, see schema.TABLES


class Ledger(Protocol):
    """What the checks ask of the books."""

    def row(self, table: str, id: str) -> Row | None: ...
    def transaction(self, id: int) -> Transaction | None: ...
    def open_amount(self, transaction: Transaction) -> Decimal: ...
    def applied_to(self, id: int) -> Decimal: ...
    def candidates(
        self, entity: str, currency: str, receivable: str, types: Sequence[str]
    ) -> Sequence[Transaction]: ...
    def period_on(self, day: date) -> str | None: ...
    def default_receivable(self) -> str | None: ...
    def custom_fields(self, prefix: str) -> Mapping[str, str]: ...
    def company(self) -> Row: ...
    def now(self) -> datetime: ...


# ---------------------------------------------------------------- references


def active(books: Ledger, table: str, id: str, path: str) -> Row:
    """The row a reference names, if there is one and it is active. The field is the path's last part."""
    row = books.row(table, id)
    if row is None or row["isinactive"] == "T":
        raise errors.invalid_value(id, path.rpartition(".")[2], path)
    return row


def account(books: Ledger, id: str, subsidiary: str, path: str) -> Row:
    row = active(books, "account", id, path)
    if row["subsidiary"] and subsidiary not in row["subsidiary"]:
        raise errors.account_not_for_subsidiary(row["accountsearchdisplayname"] or id, subsidiary)
    return row


def receivable(books: Ledger, id: str, subsidiary: str, path: str) -> str:
    """An account that may stand as A/R account; one whose type nobody stated may."""
    if account(books, id, subsidiary, path)["accttype"] not in (None, "AcctRec"):
        raise errors.invalid_value(id, path, path)
    return id


def item(books: Ledger, id: str, subsidiary: str, path: str) -> None:
    row = active(books, "item", id, path)
    if row["subsidiary"] and subsidiary not in row["subsidiary"]:
        raise errors.invalid_value(id, "item", path)


def subsidiary_of(books: Ledger, id: str | None, customer: Row) -> str:
    """The subsidiary sent, else the customer's; it must be the customer's."""
    id = id or customer["subsidiary"]
    if id is None:
        raise errors.missing("Subsidiary")
    active(books, "subsidiary", id, "subsidiary")
    if customer["subsidiary"] not in (None, id):
        raise errors.invalid_reference_for("subsidiary", id, "entity", customer["id"])
    return id


def currency_of(books: Ledger, id: str | None, customer: Row) -> str:
    """The currency sent, else the customer's; it must be one of the customer's, if it has any."""
    id = id or customer["currency"]
    if id is None:
        raise errors.missing("Currency")
    active(books, "currency", id, "currency")
    allowed = [c for c in (customer["currency"], *customer["currencylist"]) if c]
    if allowed and id not in allowed:
        raise errors.invalid_reference_for("currency", id, "entity", customer["id"])
    return id


def extra(
    books: Ledger,
    values: Mapping[str, Any],
    own: Collection[str],
    old: Mapping[str, Any],
    fields: Fields,
    path: str,
) -> dict[str, Any]:
    """The fields that mean nothing here, as they are kept: references checked, dates and numbers as text.

    `own` are the fields the caller gives a meaning to; a null takes an `old` value away.
    """
    kept = dict(old)
    for name, value in values.items():
        if name in own:
            continue
        if value is None:
            kept.pop(name, None)
            continue
        field = fields.get(name.lower())
        if field and field.kind == "reference" and field.table not in (None, "any"):
            active(books, field.table, value, path + name)
        kept[name] = value if isinstance(value, bool) else str(value)
    return kept


# ---------------------------------------------------------------- amounts


def precision(books: Ledger, currency: str) -> int:
    """Decimal places of a currency that is known to exist."""
    row = books.row("currency", currency)
    assert row is not None
    return int(row["currencyprecision"])


def fits(amount: Decimal, places: int, path: str) -> Decimal:
    """The amount, if the currency can hold it."""
    if amount != rounded(amount, places):
        raise errors.too_precise(places, path)
    return amount


def rounded(amount: Decimal, places: int) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


# ---------------------------------------------------------------- periods


def date_and_period(books: Ledger, values: Mapping[str, Any], old: Transaction | None) -> tuple[date, str]:
    """`tranDate` and `postingPeriod`, which must agree; a missing date is today."""
    day: date = values.get("tranDate") or (old.tran_date if old else books.now().date())
    period: str | None = values.get("postingPeriod")
    if period is not None:
        row = active(books, "accountingperiod", period, "postingPeriod")
        if "T" in (row["isyear"], row["isquarter"]):
            raise errors.invalid_value(period, "postingPeriod", "postingPeriod")
        if not row["startdate"] <= day.isoformat() <= row["enddate"]:
            raise errors.date_outside_period()
        return day, period
    if old and day == old.tran_date:
        return day, old.period
    period = books.period_on(day)
    if period is None:
        raise errors.no_period(day)
    return day, period


def require_open(books: Ledger, transaction: Transaction, for_ledger: bool = True) -> None:
    """Closed: nothing that touches the ledger. Locked: nothing on A/R (no role here may override it).

    What does not touch the ledger (an application) passes where the period allows it (documented).
    """
    row = books.row("accountingperiod", transaction.period)
    if row is None:
        raise errors.no_period(transaction.tran_date)
    if not for_ledger and row["allownonglchanges"] == "T":
        return
    if row["closed"] == "T":
        raise errors.period_closed(row["periodname"])
    if row["alllocked"] == "T" or (row["arlocked"] == "T" and transaction.type != "Journal"):
        raise errors.period_locked(row["periodname"])
