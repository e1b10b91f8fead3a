"""The books of the stand-in company: master data, transactions, who settles what. Strict as NetSuite is.

    books = Books("state/netsuite.sqlite")            # or Books(None): in memory only
    usd = books.add("currency", symbol="USD", name="US Dollar")
    memo = books.create("creditMemo", {"entity": customer, "item": {"items": [...]}, ...})

`create`, `update` and `get` are what REST does; `add`, `change` and the rest what a person does in the user
interface. Ids are text. A write is on disk before the call returns; several processes may hold the same file.
Thread-safe.
"""

from __future__ import annotations

import threading
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from sandbox.netsuite import checks, errors, master, records, render, schema
from sandbox.netsuite.fields import CUSTOM_KINDS, Reader
from sandbox.netsuite.lines import total
from sandbox.netsuite.posting import Posting
from sandbox.netsuite.records import ZERO, Transaction
from sandbox.netsuite.store import open_store

Change = tuple[str, int, Transaction | dict[str, Any] | None]  # table, id, new state (None: deleted)
_ENTITIES = {"serviceSaleItem": "item", "customer": "customer"}  # record types that are master data
_CUSTOM_PREFIX = {"customer": "custentity", "item": "custitem"}


class Written(NamedTuple):
    """What a write did: `warnings` and `dropped` (unknown field names) go into response headers."""

    id: str
    record_type: str
    warnings: list[str]
    dropped: list[str]


class Touched(dict[str, set[int]]):
    """Ids by table (`transaction` or one of `schema.TABLES`) whose rows may have changed; the holder empties
    it."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Books:
    """`path` None or ":memory:" keeps nothing. `clock` gives the time (UTC) for stamps and a missing
    `tranDate`.

    A fresh company has two tax codes: -7 (not taxable) and -6 (10 %, the company's default). So a line that
    does not say `isTaxable: false` gets 10 % added, as a careless client would find in a real account.
    """

    def __init__(self, path: str | Path | None = None, clock: Callable[[], datetime] = _utc_now) -> None:
        self.now = clock
        self.lock = threading.RLock()
        self._store = open_store(path)
        self._tables: dict[str, dict[str, dict[str, Any]]] = {table: {} for table in schema.TABLES}
        self._transactions: dict[int, Transaction] = {}
        # The rest is derived from these two.
        self._external_ids: dict[tuple[str, str], str] = {}  # (table, external id in lower case) -> id
        self._by_customer: defaultdict[str, set[int]] = defaultdict(set)
        self._applied: defaultdict[int, dict[int, Decimal]] = defaultdict(dict)  # target -> source -> amount
        self._last_id: defaultdict[str, int] = defaultdict(int)
        self._watchers: list[weakref.ref[Touched]] = []
        self.refresh()
        if not self._tables["company"]:
            self._found_company()

    def _found_company(self) -> None:
        with self._writing() as changes:
            changes.append(("company", 1, master.row("company", "1", {})))
            changes.append(("taxcode", -7, master.row("taxcode", "-7", {"itemid": "-Not Taxable-"})))
            default = {"itemid": "Company default", "rate": "10"}
            changes.append(("taxcode", -6, master.row("taxcode", "-6", default)))

    # ------------------------------------------------------------ set-up

    def configure(
        self,
        custom_fields: Mapping[str, str] | Iterable[str] = (),
        default_tax_code: str | None = None,
    ) -> None:
        """Company settings. `custom_fields` are added to those known: name -> kind (text, number, date,
        reference, boolean; a plain list: text). The prefix says where: custbody, custcol, custentity,
        custitem."""
        named = custom_fields if isinstance(custom_fields, Mapping) else dict.fromkeys(custom_fields, "text")
        if unknown := set(named.values()) - set(CUSTOM_KINDS):
            raise ValueError(f"no such kind of custom field: {unknown}")
        company = self.company()
        fields = company["customfields"] | {name.lower(): kind for name, kind in named.items()}
        code = default_tax_code or company["defaulttaxcode"]
        with self._writing() as changes:
            changes.append(("company", 1, company | {"customfields": fields, "defaulttaxcode": code}))

    def add(self, table: str, id: str | int | None = None, **fields: Any) -> str:
        """A row of master data (tables and columns: `schema.TABLES`); names as in REST or SuiteQL. Returns
        its id.

        References are ids or `{"id"}`; booleans True/False or 'T'/'F'; dates `date` or `YYYY-MM-DD`; a tax
        code's rate is in percent.
        """
        with self._writing() as changes:
            number = int(id) if id is not None else self._last_id[table] + 1
            if str(number) in self._tables[table]:
                raise ValueError(f"{table} {number} is there already")
            row = master.row(table, str(number), fields, self._custom_of(table))
            self._claim(table, row.get("externalid"), str(number))
            changes.append((table, number, row))
        return str(number)

    def change(self, table: str, id: str | int, **fields: Any) -> None:
        """Edits a row of master data as a person would (inactivate an item, rename, ...)."""
        with self._writing() as changes:
            old = self._tables[table][str(id)]
            row = master.row(table, str(id), fields, self._custom_of(table), old)
            self._claim(table, row.get("externalid"), str(id))
            changes.append((table, int(id), row))

    def set_period(
        self, id: str | int, closed: bool | None = None, arlocked: bool | None = None, **fields: bool
    ) -> None:
        """Closes, opens or locks an accounting period (also `alllocked`, `allownonglchanges`)."""
        given = {"closed": closed, "arlocked": arlocked, **fields}
        wanted = {name: value for name, value in given.items() if value is not None}
        self.change("accountingperiod", id, **wanted)

    # ------------------------------------------------------------ what REST does

    def create(self, record_type: str, body: Mapping[str, Any]) -> str:
        """Creates a record from a REST body; returns its internal id. Raises `errors.Refused`."""
        return self.write(record_type, body).id

    def update(self, record_type: str, id: str | int, body: Mapping[str, Any]) -> None:
        """PATCH: only what is sent changes; apply rows are keyed by `doc`, item rows without `line` are
        added."""
        self.write(record_type, body, str(id))

    def write(self, record_type: str, body: Mapping[str, Any], id: str | None = None, strict: bool = False) -> Written:
        """Create (`id` None) or update (`id` as in a URL), with all that REST reports. `strict` refuses
        unknown field names instead of dropping them."""
        name = self.record_type(record_type)
        if name == "customer":
            raise errors.unknown_record_type(record_type)  # nobody writes customers over REST here
        with self._writing() as changes:
            table = _ENTITIES.get(name, "transaction")
            number = self._last_id[table] + 1 if id is None else int(self.locate(name, id))
            reader = Reader(self._resolve, strict)
            if table == "item":
                old_row = None if id is None else self._tables["item"][str(number)]
                row = master.service_item(self, reader, body, str(number), old_row)
                self._claim("item", row["externalid"], str(number))
                same = (r for r in self.rows("item") if r["itemid"] == row["itemid"])
                if any(other["id"] != str(number) for other in same):
                    raise errors.duplicate_item_name()
                changes.append((table, number, row))
                return Written(str(number), name, [], reader.dropped)
            posting = Posting(self, reader, None if id is None else self._transactions[number])
            new = posting.build(schema.TYPE_CODES[name], body, number)
            self._claim(table, new.external_id, str(number))
            changes.append((table, number, new))
            return Written(str(number), name, posting.warnings, reader.dropped)

    def get(self, record_type: str, id: str, expand: bool = True) -> dict[str, Any]:
        """The record as GET shows it. `id`: internal id or `eid:<external id>`. Money is Decimal, zero is
        absent."""
        with self.lock:
            self.refresh()
            name = self.record_type(record_type)
            found = self.locate(name, id)
            if name in _ENTITIES:
                return render.entity(self, name, self._tables[_ENTITIES[name]][found])
            return render.transaction(self, self._transactions[int(found)], expand)

    def record_type(self, name: str) -> str:
        """The canonical name of a record type, which comes in any case."""
        found = "customer" if name.lower() == "customer" else schema.RECORD_TYPES.get(name.lower())
        if found is None:
            raise errors.unknown_record_type(name)
        return found

    def locate(self, record_type: str, id: str) -> str:
        """The internal id behind a URL's `<internal id>` or `eid:<external id>`; refuses a record of another
        type."""
        table = _ENTITIES.get(record_type, "transaction")
        if id.startswith("eid:"):
            found = self._resolve(table, id[4:])
            if found is None:
                raise errors.no_such_external_id(id[4:])
            id = found
        elif not id.isdigit():
            raise errors.malformed_id(id)
        if table == "transaction":
            transaction = self._transactions.get(int(id))
            if transaction is None or transaction.type != schema.TYPE_CODES[record_type]:
                raise errors.wrong_transaction_type()
            return id
        row = self._tables[table].get(id)
        if row is None or row.get("itemtype", "Service") != "Service":
            raise errors.no_such_record()
        return id

    # ------------------------------------------------------------ what a person does

    def unapply(self, id: str | int, doc: str | int | None = None) -> None:
        """Takes back what a memo, payment or refund is applied to: one document, or all."""
        with self._writing() as changes:
            old = self._transactions[int(id)]
            left = {} if doc is None else {d: a for d, a in old.applications.items() if d != int(doc)}
            amount = total(left.values()) if old.type == "CustRfnd" else old.total
            new = msgspec.structs.replace(old, applications=left, total=amount, modified=self.now())
            checks.require_open(self, new, for_ledger=old.total != amount)
            changes.append(("transaction", old.id, new))

    def apply_by_hand(self, id: str | int, doc: str | int, amount: str | int | Decimal) -> None:
        """Applies a memo or payment to an invoice, or a refund to a memo; raises `Refused` as REST would."""
        row = {"doc": str(doc), "apply": True, "amount": Decimal(amount)}
        self.update(self._name_of(id), id, {"apply": {"items": [row]}})

    def edit_amount(self, id: str | int, amount: str | int | Decimal, line: int = 1) -> None:
        """Changes the amount of one item line; raises `Refused` as REST would."""
        row = {"line": line, "amount": Decimal(amount)}
        self.update(self._name_of(id), id, {"item": {"items": [row]}})

    def delete(self, id: str | int) -> None:
        """Deletes a transaction; refused while others are applied to it and, for a memo, while it is applied
        (inferred)."""
        with self._writing() as changes:
            old = self._transactions[int(id)]
            if self.applied_to(old.id) or (old.type == "CustCred" and old.applications):
                raise errors.applied_elsewhere()
            checks.require_open(self, old)
            changes.append(("transaction", old.id, None))

    # ------------------------------------------------------------ what the books say

    def row(self, table: str, id: str) -> dict[str, Any] | None:
        """A row of master data. Not to be changed."""
        return self._tables[table].get(id)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All rows of a master table. Not to be changed."""
        return list(self._tables[table].values())

    def transaction(self, id: str | int) -> Transaction | None:
        return self._transactions.get(int(id))

    def transactions(self, type: str | None = None) -> list[Transaction]:
        """All transactions, or those of a SuiteQL type (`CustCred`, ...), by id."""
        with self.lock:
            self.refresh()
            return [t for _, t in sorted(self._transactions.items()) if type in (None, t.type)]

    def applied_to(self, id: int) -> Decimal:
        """What others have applied to this transaction."""
        return total(self._applied[id].values()) if id in self._applied else ZERO

    def open_amount(self, transaction: Transaction) -> Decimal:
        """Open on an invoice; unapplied on a memo or payment; nothing on anything else."""
        if transaction.type not in ("CustInvc", "CustCred", "CustPymt"):
            return ZERO
        return transaction.total - total(transaction.applications.values()) - self.applied_to(transaction.id)

    def candidates(self, entity: str, currency: str, receivable: str, types: Sequence[str]) -> list[Transaction]:
        """The open, approved documents that NetSuite lists in an apply sublist, oldest first."""
        of_customer = (self._transactions[id] for id in self._by_customer[entity])
        same = (t for t in of_customer if (t.currency, t.receivable) == (currency, receivable))
        found = [t for t in same if t.type in types and t.approved and self.open_amount(t) > 0]
        return sorted(found, key=lambda t: (t.tran_date, t.id))

    def period_on(self, day: date) -> str | None:
        """The ordinary posting period (no year, quarter or adjustment) of a day."""
        for row in self._tables["accountingperiod"].values():
            is_special = "T" in (row["isyear"], row["isquarter"], row["isadjust"], row["isinactive"])
            if not is_special and row["startdate"] <= day.isoformat() <= row["enddate"]:
                return str(row["id"])
        return None

    def default_receivable(self) -> str | None:
        """The company's own A/R account: the first one there is."""
        accounts = self._tables["account"].values()
        found = (a["id"] for a in accounts if (a["accttype"], a["isinactive"]) == ("AcctRec", "F"))
        return next(found, None)

    def company(self) -> dict[str, Any]:
        return self._tables["company"]["1"]

    def custom_fields(self, prefix: str) -> dict[str, str]:
        """Custom fields of one place (`custbody`, ...): name -> kind."""
        known = self.company()["customfields"]
        return {name: kind for name, kind in known.items() if name.startswith(prefix)}

    def watch(self) -> Touched:
        """From now on collects what changes, for as long as the caller keeps it. Read it under `lock`."""
        touched = Touched({table: set() for table in ("transaction", *schema.TABLES)})
        self._watchers.append(weakref.ref(touched))
        return touched

    def refresh(self) -> None:
        """Hears what other processes have written."""
        with self.lock:
            self._absorb(self._store.news())

    def close(self) -> None:
        self._store.close()

    # ------------------------------------------------------------ inside

    @contextmanager
    def _writing(self) -> Iterator[list[Change]]:
        """Collects the changes of one write and makes them durable, then visible: all of them or none."""
        with self.lock:
            self._absorb(self._store.begin())
            changes: list[Change] = []
            try:
                yield changes
                self._store.commit((t, id, None if new is None else records.encode(new)) for t, id, new in changes)
            except BaseException:
                self._store.rollback()
                raise
            for table, id, new in changes:
                self._put(table, id, new)

    def _absorb(self, rows: Iterable[tuple[str, int, bytes | None]]) -> None:
        for table, id, body in rows:
            decode = records.decode_transaction if table == "transaction" else records.decode_master
            self._put(table, id, None if body is None else decode(body))

    def _put(self, table: str, id: int, new: Transaction | dict[str, Any] | None) -> None:
        """Makes a row's new state visible, in every index."""
        self._last_id[table] = max(self._last_id[table], id)
        self._touch(table, id)
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
                self._touch("transaction", target)
        if new is None:
            return
        self._transactions[id] = new
        self._by_customer[new.entity or ""].add(id)
        if new.external_id:
            self._external_ids["transaction", new.external_id.lower()] = str(id)
        for target, amount in new.applications.items():
            self._applied[target][id] = amount
            self._touch("transaction", target)

    def _touch(self, table: str, id: int) -> None:
        for reference in self._watchers:
            touched = reference()
            if touched is not None:
                touched[table].add(id)

    def _forget_external_id(self, table: str, external_id: str | None, id: int) -> None:
        if external_id and self._resolve(table, external_id) == str(id):
            del self._external_ids[table, external_id.lower()]

    def _claim(self, table: str, external_id: str | None, id: str) -> None:
        """One case-insensitive space over all transactions; each kind of entity has its own."""
        if external_id and self._resolve(table, external_id) not in (None, id):
            raise errors.duplicate_transaction() if table == "transaction" else errors.duplicate_entity()

    def _resolve(self, table: str, external_id: str) -> str | None:
        return self._external_ids.get((table, external_id.lower()))

    def _custom_of(self, table: str) -> dict[str, str]:
        prefix = _CUSTOM_PREFIX.get(table)
        return self.custom_fields(prefix) if prefix else {}

    def _name_of(self, id: str | int) -> str:
        return schema.TYPE_NAMES[self._transactions[int(id)].type]
