"""The names of records behind their internal ids, for people: an accountant knows an account, not its id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from netsuite import lookup
from netsuite.api import NetSuite
from netsuite.errors import LoginRefused, Refused

# SuiteQL table → columns that name a record, the best first. A role may be shown fewer (facts 4).
_NAMED_BY: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "item": (("itemid",),),
    "account": (("accountsearchdisplayname", "acctnumber"), ("accountsearchdisplayname",), ("acctnumber",)),
    "customer": (("entityid", "companyname"), ("entityid",), ("companyname",)),
    "accountingperiod": (("periodname",),),
    "transaction": (("tranid",),),
}


def find_names(client: NetSuite, table: str, ids: Iterable[str]) -> dict[str, str]:
    """internal id → name, of the records that NetSuite has; none where it shows no name to this role.

    Raises NetSuiteError where NetSuite does not answer.
    """
    wanted = sorted({id for id in ids if id.isdigit()})
    for columns in _NAMED_BY[table]:
        try:
            return _names(client, table, columns, wanted)
        except LoginRefused:
            raise
        except Refused:
            continue  # a column that this role is not shown
    return {}


def find_income_accounts(client: NetSuite, items: Iterable[str]) -> dict[str, str]:
    """item → the account that its income is booked to, where NetSuite shows it. Raises as `find_names`."""
    found: dict[str, str] = {}
    for bulk in lookup.bulks(sorted({item for item in items if item.isdigit()})):
        try:
            rows = client.suiteql(f"SELECT id, incomeaccount FROM item WHERE id IN ({', '.join(bulk)}) ORDER BY id")
        except Refused:
            return {}
        found |= {row["id"]: row["incomeaccount"] for row in rows if row.get("incomeaccount")}
    return found


def named(internal_id: str, names: Mapping[str, str]) -> str:
    """The name with its id, or the id alone where NetSuite shows no name: `Basic plan (201)`."""
    return f"{names[internal_id]} ({internal_id})" if internal_id in names else internal_id


def _names(client: NetSuite, table: str, columns: tuple[str, ...], ids: Iterable[str]) -> dict[str, str]:
    names: dict[str, str] = {}
    for bulk in lookup.bulks(ids):
        sql = f"SELECT id, {', '.join(columns)} FROM {table} WHERE id IN ({', '.join(bulk)}) ORDER BY id"
        for row in client.suiteql(sql):
            for name in (row[column] for column in columns if row.get(column)):
                known = names.get(row["id"], "")
                if name not in known:  # the display name of an account begins with its number
                    names[row["id"]] = f"{known} {name}".strip()
    return names
