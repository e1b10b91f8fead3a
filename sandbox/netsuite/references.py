"""Checks of references that all kinds of transactions share (facts, NetSuite section 7).

Each check raises `Refused` with NetSuite's text and changes nothing. `path` is the `o:errorPath` of the refusal.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sandbox.netsuite import errors
from sandbox.netsuite.ledger import Ledger, Row
from sandbox.netsuite.schema import Fields

_LABELS = {  # of mandatory fields, as a person reads them
    "paymentOption": "Payment Method",
    "customForm": "Custom Form",
    "department": "Department",
    "class": "Class",
    "location": "Location",
    "taxSchedule": "Tax Schedule",
}


def active(books: Ledger, table: str, id: str, path: str) -> Row:
    """The active row behind a reference. The field's name is the last part of `path`."""
    row = books.row(table, id)
    if row is None or row["isinactive"] == "T":
        raise errors.invalid_value(id, path.rpartition(".")[2], path)
    return row


def require(books: Ledger, level: str, values: Mapping[str, Any], path: str = "", is_new: bool = True) -> None:
    """Check that no field is missing that the account's form makes mandatory (`Books.configure`).

    `level` as in `schema.LEVELS`. An update (`is_new` false) may leave a field as it is, but not empty it.
    """
    for name in books.company()["requiredfields"].get(level, ()):
        if values.get(name) is None and (is_new or name in values):
            raise errors.missing(_LABELS.get(name, name), path or name)


def account(books: Ledger, id: str, subsidiary: str, path: str, currency: str | None = None) -> Row:
    """An active account that the subsidiary can use, and a transaction in this currency (None: not checked)."""
    row = active(books, "account", id, path)
    if row["subsidiary"] and subsidiary not in row["subsidiary"]:
        raise errors.account_not_for_subsidiary(row["accountsearchdisplayname"] or id, subsidiary)
    if currency and row.get("currency") not in (None, currency, books.base_currency(subsidiary)):
        raise errors.account_in_other_currency(row["accountsearchdisplayname"] or id)
    return row


def receivable(books: Ledger, id: str, subsidiary: str, path: str) -> str:
    """The id of an account that can be the A/R account: its type is AcctRec or not known."""
    if account(books, id, subsidiary, path)["accttype"] not in (None, "AcctRec"):
        raise errors.invalid_value(id, path, path)
    return id


def item(books: Ledger, id: str, subsidiary: str, path: str) -> None:
    """Check that an item is active and that the subsidiary can use it."""
    row = active(books, "item", id, path)
    if row["subsidiary"] and subsidiary not in row["subsidiary"]:
        raise errors.invalid_value(id, "item", path)


def subsidiary_of(books: Ledger, id: str | None, customer: Row) -> str:
    """The given subsidiary, otherwise the customer's. It must be the customer's."""
    id = id or customer["subsidiary"]
    if id is None:
        raise errors.missing("Subsidiary")
    active(books, "subsidiary", id, "subsidiary")
    if customer["subsidiary"] not in (None, id):
        raise errors.invalid_reference_for("subsidiary", id, "entity", customer["id"])
    return id


def currency_of(books: Ledger, id: str | None, customer: Row) -> str:
    """The given currency, otherwise the customer's. It must be one of the customer's, if the customer has any."""
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
    """The fields that have no effect here, as a record stores them: dates and numbers as text, references checked.

    `own` are the fields that the caller handles itself. A null removes the `old` value.
    """
    kept = dict(old)
    for name, value in values.items():
        if name in own:
            continue
        if value is None:
            kept.pop(name, None)
            continue
        field = fields.get(name.lower())
        if field and field.kind == "reference" and field.table and field.table != "any":
            active(books, field.table, value, path + name)
        kept[name] = value if isinstance(value, bool) else str(value)
    return kept
