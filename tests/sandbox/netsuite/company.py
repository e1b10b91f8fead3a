"""A small company for the tests of the NetSuite stand-in, with the same ids in every test."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sandbox.netsuite.books import Books

DAY = "2026-01-15"


def company(path: Any = None) -> Books:
    """Two subsidiaries, three currencies, two A/R accounts, three customers; two open months, one closed."""
    books = Books(path, clock=lambda: datetime(2026, 1, 20, 12, tzinfo=UTC))
    books.configure(custom_fields={"custbody_note": "text", "custcol_from": "date", "custbody_class": "reference"})
    books.add("currency", id=1, name="US Dollar", symbol="USD")
    books.add("currency", id=2, name="Euro", symbol="EUR")
    books.add("currency", id=3, name="Yen", symbol="JPY", currencyPrecision=0)
    books.add("subsidiary", id=1, name="Home", currency=1)
    books.add("subsidiary", id=2, name="Abroad", currency=2)
    books.add("account", id=10, type="AcctRec", accountSearchDisplayName="Receivable")
    books.add("account", id=11, type="AcctRec", accountSearchDisplayName="Other receivable")
    books.add("account", id=20, type="Bank", accountSearchDisplayName="Clearing")
    books.add("account", id=30, type="Income", accountSearchDisplayName="Sales")
    books.add("account", id=31, type="Bank", accountSearchDisplayName="Old bank", isInactive=True)
    books.add("account", id=32, type="Bank", accountSearchDisplayName="Foreign bank", subsidiary=[2])
    books.add("item", id=50, itemId="Subscription", incomeAccount=30)
    books.add("item", id=51, itemId="Discount", itemType="Discount", incomeAccount=30)
    books.add("item", id=52, itemId="Gone", isInactive=True)
    books.add("item", id=53, itemId="Abroad only", subsidiary=[2])
    books.add("taxcode", id=70, itemId="VAT", rate=20)
    books.add("taxtype", id=71, name="VAT")
    for id, month, days in ((101, "2025-12", 31), (102, "2026-01", 31), (103, "2026-02", 28)):
        books.add("accountingperiod", id=id, periodName=month, startDate=f"{month}-01", endDate=f"{month}-{days}")
    books.add("accountingperiod", id=100, periodName="FY", startDate="2025-01-01", endDate="2026-12-31", isYear=True)
    books.set_period(101, closed=True)
    here = {"subsidiary": 1, "receivablesAccount": 10}
    books.add("customer", id=1, entityId="ACME", currency=1, currencies=[2, 3], externalId="cus_1", **here)
    books.add("customer", id=2, entityId="Other", currency=1, **here)
    books.add("customer", id=3, entityId="Asleep", currency=1, isInactive=True, **here)
    return books


def line(amount: Any = 100, **fields: Any) -> dict[str, Any]:
    """An untaxed item line."""
    return {"item": {"id": "50"}, "quantity": 1, "amount": amount, "isTaxable": False} | fields


def sale(*lines: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """Body of an invoice of customer 1: one untaxed line of 100 if none is given."""
    return {"entity": {"id": "1"}, "tranDate": DAY, "item": {"items": list(lines) or [line()]}} | fields


def credit(*lines: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """Body of a credit memo of customer 1, applied to nothing."""
    return sale(*lines, autoApply=False) | fields


def refund(*rows: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """Body of a customer refund of customer 1, applied by these rows."""
    return {
        "customer": {"id": "1"},
        "account": {"id": "20"},
        "tranDate": DAY,
        "apply": {"items": list(rows)},
    } | fields


def apply(doc: str, amount: Any = None, **fields: Any) -> dict[str, Any]:
    """An apply row. Without `amount` NetSuite applies as much as possible."""
    row = {"doc": {"id": doc}, "apply": True} | fields
    return row if amount is None else row | {"amount": amount}


def applied(*rows: Mapping[str, Any]) -> dict[str, Any]:
    """The apply sublist of a body."""
    return {"apply": {"items": list(rows)}}


def total(books: Books, id: str) -> Decimal:
    """Total of a transaction."""
    found = books.transaction(id)
    assert found is not None
    return found.total


def open_amount(books: Books, id: str) -> Decimal:
    """Open or unapplied amount of a transaction."""
    found = books.transaction(id)
    assert found is not None
    return books.open_amount(found)
