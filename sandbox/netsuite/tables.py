"""Master data: the tables, their columns, and rows as a person enters them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

# SuiteQL's lower-case columns with the defaults of a new row. Booleans are 'T'/'F', dates YYYY-MM-DD, ids text.
# `subsidiary` of an item or account is a list; an empty one means every subsidiary.
TABLES: Mapping[str, Mapping[str, object]] = {
    "subsidiary": {"name": None, "externalid": None, "isinactive": "F", "currency": None},
    "currency": {
        "name": None, "symbol": None, "currencyprecision": "2", "isinactive": "F", "isbasecurrency": "F",
        "exchangerate": "1",
    },
    "account": {
        "acctnumber": None, "accountsearchdisplayname": None, "accttype": None, "externalid": None,
        "isinactive": "F", "subsidiary": [], "currency": None,
    },
    "item": {
        "itemid": None, "displayname": None, "externalid": None, "itemtype": "Service", "isinactive": "F",
        "subsidiary": [], "incomeaccount": None,
    },
    "accountingperiod": {
        "periodname": None, "startdate": None, "enddate": None, "parent": None, "isinactive": "F",
        "isyear": "F", "isquarter": "F", "isadjust": "F", "isposting": "T", "closedondate": None,
        "closed": "F", "arlocked": "F", "aplocked": "F", "alllocked": "F", "allownonglchanges": "F",
    },
    "customer": {
        "entityid": None, "companyname": None, "externalid": None, "isinactive": "F", "subsidiary": None,
        "currency": None, "currencylist": [], "receivablesaccount": None, "taxable": "T", "taxitem": None,
    },
    "taxcode": {"itemid": None, "rate": "0", "isinactive": "F"},  # rate in percent
    "taxtype": {"name": None, "isinactive": "F"},
    "department": {"name": None, "isinactive": "F"},
    "class": {"name": None, "isinactive": "F"},
    "location": {"name": None, "isinactive": "F"},
    "company": {  # one row: the settings, see Books.configure
        "customfields": {}, "defaulttaxcode": "-6", "requiredfields": {}, "hiddencolumns": [], "exactnames": False,
        "refusesapplyinpost": False, "language": "en", "wantslanguage": False, "hidesjournaltotals": False,
    },
}  # fmt: skip

ALIASES = {"type": {"account": "accttype", "item": "itemtype"}, "currencies": {"customer": "currencylist"}}

# The column that `refName` shows, by table.
SHOWN = {
    "subsidiary": "name", "currency": "name", "account": "accountsearchdisplayname", "item": "itemid",
    "accountingperiod": "periodname", "customer": "entityid", "taxcode": "itemid",
}  # fmt: skip
# The prefix of a table's custom fields.
CUSTOM_PREFIX = {
    "transaction": "custbody", "transactionline": "custcol", "customer": "custentity", "item": "custitem",
}  # fmt: skip


def row(
    table: str,
    id: str,
    fields: Mapping[str, Any],
    custom: Collection[str] = (),
    old: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A row from fields with REST or SuiteQL names. `old` is the row before a change, `custom` the custom columns.

    Raises `ValueError` for an unknown name.
    """
    columns = TABLES[table]
    made: dict[str, Any] = dict(old) if old else {"id": id, **columns}
    for name, value in fields.items():
        column = name.lower()
        column = ALIASES.get(column, {}).get(table, column)
        if column not in columns and column not in custom:
            raise ValueError(f"{table} has no field {name}")
        made[column] = _plain(value, many=isinstance(columns.get(column), list))
    return made


def _plain(value: Any, many: bool) -> Any:
    """A value as a row stores it: 'T'/'F', ISO dates, text ids, lists of ids."""
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
