"""Rows of master data, as a person enters them or as REST sends a service sale item."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from sandbox.netsuite import checks, errors, schema
from sandbox.netsuite.checks import Ledger
from sandbox.netsuite.fields import Reader

_SUBSIDIARY_ROW = {"id": schema.Field("id", "text"), "refname": schema.Field("refName", "computed")}


def row(
    table: str,
    id: str,
    fields: Mapping[str, Any],
    custom: Collection[str] = (),
    old: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A row from loosely named fields (REST or SuiteQL names); an unknown name is the caller's mistake."""
    columns = schema.TABLES[table]
    made: dict[str, Any] = dict(old) if old else {"id": id, **columns}
    for name, value in fields.items():
        column = name.lower()
        column = schema.ALIASES.get(column, {}).get(table, column)
        if column not in columns and column not in custom:
            raise ValueError(f"{table} has no field {name}")
        made[column] = _plain(value, many=isinstance(columns.get(column), list))
    return made


def _plain(value: Any, many: bool) -> Any:
    """A value as stored: 'T'/'F', ISO dates, text ids, lists of ids."""
    if many:
        if isinstance(value, Mapping) and "items" in value:
            value = value["items"]
        values = value if isinstance(value, list | tuple | set) else [] if value is None else [value]
        return [_plain(entry, many=False) for entry in values]
    if isinstance(value, Mapping):
        return str(value["id"]) if "id" in value else dict(value)
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, date):
        return value.isoformat()
    return None if value is None else str(value)


def service_item(books: Ledger, reader: Reader, body: object, id: str, old: Mapping[str, Any] | None) -> dict[str, Any]:
    """The row that a `serviceSaleItem` body makes. Raises `Refused`; the caller checks its name."""
    custom = books.custom_fields("custitem")
    values = reader.read(body, schema.BODY["serviceSaleItem"], custom)
    made = dict(old) if old else row("item", id, {})
    for sent, column in _ITEM_COLUMNS.items():
        if sent in values:
            made[column] = values[sent]
    if "isInactive" in values:
        made["isinactive"] = "T" if values["isInactive"] else "F"
    made |= {name: str(value) for name, value in values.items() if name in custom and value is not None}
    if values.get("subsidiary") is not None:
        rows = reader.rows(values["subsidiary"], _SUBSIDIARY_ROW, {}, "subsidiary")
        made["subsidiary"] = [str(entry.get("id")) for entry in rows]
    for i, subsidiary in enumerate(made["subsidiary"]):
        if books.row("subsidiary", subsidiary) is None:
            raise errors.invalid_value(subsidiary, "subsidiary", f"subsidiary.items[{i}]")
    if not made["itemid"]:
        raise errors.missing("Item Name/Number", "itemId")
    if made["incomeaccount"] is None:
        raise errors.missing("Income Account", "incomeAccount")
    checks.active(books, "account", made["incomeaccount"], "incomeAccount")
    if not made["subsidiary"]:
        raise errors.missing("Subsidiary", "subsidiary")
    return made


_ITEM_COLUMNS = {
    "itemId": "itemid",
    "externalId": "externalid",
    "displayName": "displayname",
    "incomeAccount": "incomeaccount",
}
