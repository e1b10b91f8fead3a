"""Service sale items over REST (facts, NetSuite section 2.7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.netsuite import errors, references, tables
from sandbox.netsuite.fields import Reader
from sandbox.netsuite.ledger import Ledger
from sandbox.netsuite.schema import BODY, Field

_COLUMNS = {
    "itemId": "itemid",
    "externalId": "externalid",
    "displayName": "displayname",
    "incomeAccount": "incomeaccount",
}
_SUBSIDIARY_ROW = {"id": Field("id", "text"), "refname": Field("refName", "computed")}


def item_row(books: Ledger, reader: Reader, body: object, id: str, old: Mapping[str, Any] | None) -> dict[str, Any]:
    """The item row that a `serviceSaleItem` body makes of `old` (None: a new item).

    Raises `Refused`. The caller checks that its name and external id are free.
    """
    custom = books.custom_fields("custitem")
    values = reader.read(body, BODY["serviceSaleItem"], custom)
    references.require(books, "serviceSaleItem", values, is_new=old is None)
    made = dict(old) if old else tables.row("item", id, {})
    made |= {column: values[sent] for sent, column in _COLUMNS.items() if sent in values}
    if "isInactive" in values:
        made["isinactive"] = "T" if values["isInactive"] else "F"
    made |= {name: str(value) for name, value in values.items() if name in custom and value is not None}
    if values.get("subsidiary") is not None:
        rows = reader.rows(values["subsidiary"], _SUBSIDIARY_ROW, {}, "subsidiary")
        made["subsidiary"] = [str(entry.get("id")) for entry in rows]
    _check(books, made)
    return made


def _check(books: Ledger, row: Mapping[str, Any]) -> None:
    for i, subsidiary in enumerate(row["subsidiary"]):
        if books.row("subsidiary", subsidiary) is None:
            raise errors.invalid_value(subsidiary, "subsidiary", f"subsidiary.items[{i}]")
    if not row["itemid"]:
        raise errors.missing("Item Name/Number", "itemId")
    if row["incomeaccount"] is None:
        raise errors.missing("Income Account", "incomeAccount")
    references.active(books, "account", row["incomeaccount"], "incomeAccount")
    if not row["subsidiary"]:
        raise errors.missing("Subsidiary", "subsidiary")
