"""The state of the books in memory: master data, transactions, and the indexes behind checks and views.

All indexes follow from the rows and are kept up to date by `put`. Nothing here decides whether a change is allowed:
`posting` does that, and `books` stores it.
"""

from __future__ import annotations

import weakref
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sandbox.netsuite.amounts import total
from sandbox.netsuite.records import ZERO, Transaction
from sandbox.netsuite.tables import CUSTOM_PREFIX, TABLES

Row = Mapping[str, Any]  # of master data, see `tables.TABLES`; not to be changed


class ChangedIds(dict[str, dict[int, datetime]]):
    """By table (`transaction` or one of `TABLES`): id of a row that changed -> last change. The holder empties it."""


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


class Ledger:
    """The rows and their indexes. `now` gives the time (UTC) for stamps and for a missing `tranDate`."""

    def __init__(self, clock: Callable[[], datetime] = utc_now) -> None:
        self.now = clock
        self._tables: dict[str, dict[str, dict[str, Any]]] = {table: {} for table in TABLES}
        self._transactions: dict[int, Transaction] = {}
        # The indexes:
        self._external_ids: dict[tuple[str, str], str] = {}  # (table, external id in lower case) -> id
        self._by_customer: defaultdict[str, set[int]] = defaultdict(set)
        self._applied: defaultdict[int, dict[int, Decimal]] = defaultdict(dict)  # target -> source -> amount
        self._last_id: defaultdict[str, int] = defaultdict(int)
        self._watchers: list[weakref.ref[ChangedIds]] = []

    # ------------------------------------------------------------ master data

    def row(self, table: str, id: str) -> dict[str, Any] | None:
        """A row of master data; None also for a table that these books do not keep. Not to be changed."""
        return self._tables.get(table, {}).get(id)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All rows of a master table. Not to be changed."""
        return list(self._tables[table].values())

    def company(self) -> dict[str, Any]:
        """The settings of the account, see `Books.configure`. Books of an earlier version have the defaults."""
        return {**TABLES["company"], **self._tables["company"]["1"]}

    def custom_fields(self, prefix: str) -> dict[str, str]:
        """Custom fields with a prefix (`custbody`, `custcol`, `custentity`, `custitem`): name -> kind."""
        known = self.company()["customfields"]
        return {name: kind for name, kind in known.items() if name.startswith(prefix)}

    def custom_fields_of(self, table: str) -> dict[str, str]:
        """Custom fields of a table: name -> kind."""
        prefix = CUSTOM_PREFIX.get(table)
        return self.custom_fields(prefix) if prefix else {}

    def precision(self, currency: str) -> int:
        """Decimal places of a currency that exists."""
        return int(self._tables["currency"][currency]["currencyprecision"])

    def period_on(self, day: date) -> str | None:
        """The ordinary posting period (no year, quarter or adjustment) of a day."""
        for row in self._tables["accountingperiod"].values():
            is_special = "T" in (row["isyear"], row["isquarter"], row["isadjust"], row["isinactive"])
            if not is_special and row["startdate"] <= day.isoformat() <= row["enddate"]:
                return str(row["id"])
        return None

    def base_currency(self, subsidiary: str) -> str | None:
        """The currency that a subsidiary keeps its books in, otherwise the company's."""
        own = self._tables["subsidiary"].get(subsidiary, {}).get("currency")
        base = (row["id"] for row in self._tables["currency"].values() if row["isbasecurrency"] == "T")
        return own or next(base, None)

    def default_receivable(self) -> str | None:
        """The company's own A/R account: the first active one."""
        accounts = self._tables["account"].values()
        found = (a["id"] for a in accounts if (a["accttype"], a["isinactive"]) == ("AcctRec", "F"))
        return next(found, None)

    # ------------------------------------------------------------ transactions

    def transaction(self, id: str | int) -> Transaction | None:
        """One transaction by internal id."""
        return self._transactions.get(int(id))

    def transactions(self, type: str | None = None) -> list[Transaction]:
        """All transactions, or those of a SuiteQL type (`CustCred`, ...), by id."""
        return [t for _, t in sorted(self._transactions.items()) if type in (None, t.type)]

    def applied_to(self, id: int) -> Decimal:
        """The amount that other transactions apply to this one."""
        return total(self._applied[id].values()) if id in self._applied else ZERO

    def open_amount(self, transaction: Transaction) -> Decimal:
        """Open on an invoice, unapplied on a memo or payment, zero on any other transaction."""
        if transaction.type not in ("CustInvc", "CustCred", "CustPymt"):
            return ZERO
        return transaction.total - total(transaction.applications.values()) - self.applied_to(transaction.id)

    def candidates(self, entity: str, currency: str, receivable: str, types: Sequence[str]) -> list[Transaction]:
        """The open, approved documents that NetSuite lists in an apply sublist, oldest first."""
        of_customer = (self._transactions[id] for id in self._by_customer[entity])
        same = (t for t in of_customer if (t.currency, t.receivable) == (currency, receivable))
        found = [t for t in same if t.type in types and t.approved and self.open_amount(t) > 0]
        return sorted(found, key=lambda t: (t.tran_date, t.id))

    def by_external_id(self, table: str, external_id: str) -> str | None:
        """The internal id behind an external id. Upper and lower case are the same (seen)."""
        return self._external_ids.get((table, external_id.lower()))

    # ------------------------------------------------------------ changes

    def watch(self) -> ChangedIds:
        """The ids of every change from now on, while the caller keeps it. Read it under a lock."""
        changed = ChangedIds({table: {} for table in ("transaction", *TABLES)})
        self._watchers.append(weakref.ref(changed))
        return changed

    def put(self, table: str, id: int, new: Transaction | dict[str, Any] | None) -> None:
        """Make a row's new state visible in every index. None deletes a transaction."""
        self._last_id[table] = max(self._last_id[table], id)
        self._note_change(table, id)
        if table == "transaction":
            assert new is None or isinstance(new, Transaction)
            self._put_transaction(id, new)
            return
        assert isinstance(new, dict)  # master data is never deleted
        old = self._tables[table].get(str(id), {})
        self._forget_external_id(table, old.get("externalid"), id)
        self._tables[table][str(id)] = new
        if new.get("externalid"):
            self._external_ids[table, new["externalid"].lower()] = str(id)

    def _put_transaction(self, id: int, new: Transaction | None) -> None:
        old = self._transactions.pop(id, None)
        if old is not None:
            self._forget_external_id("transaction", old.external_id, id)
            self._by_customer[old.entity or ""].discard(id)
            for target in old.applications:
                del self._applied[target][id]
                self._note_change("transaction", target)
        if new is None:
            return
        self._transactions[id] = new
        self._by_customer[new.entity or ""].add(id)
        if new.external_id:
            self._external_ids["transaction", new.external_id.lower()] = str(id)
        for target, amount in new.applications.items():
            self._applied[target][id] = amount
            self._note_change("transaction", target)

    def _note_change(self, table: str, id: int) -> None:
        for reference in self._watchers:
            changed = reference()
            if changed is not None:
                changed[table][id] = self.now()

    def _forget_external_id(self, table: str, external_id: str | None, id: int) -> None:
        if external_id and self.by_external_id(table, external_id) == str(id):
            del self._external_ids[table, external_id.lower()]
