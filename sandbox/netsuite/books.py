"""The books of the stand-in company: master data, transactions, who settles what. Strict as NetSuite is.

    books = Books("state/netsuite.sqlite")            # or Books(None): in memory only
    usd = books.add("currency", symbol="USD", name="US Dollar")
    memo = books.create("creditMemo", {"entity": customer, "item": {"items": [...]}, ...})

`create`, `update` and `get` are what REST does, `add`, `change` and the rest what a person does in the user interface.
Ids are text. A write is on disk before the call returns; several processes may hold the same file. Thread-safe.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from sandbox.netsuite import errors, records, render, schema
from sandbox.netsuite.fields import CUSTOM_KINDS, Reader
from sandbox.netsuite.posting import Posting
from sandbox.netsuite.records import ZERO, Transaction
from sandbox.netsuite.store import open_store

Record = Transaction | dict[str, Any]


class Written(NamedTuple):
    """What a write did: `warnings` and `dropped` (unknown field names) go into response headers."""

    id: str
    record_type: str
    warnings: list[str]
    dropped: list[str]


class Books:
    """`path` None or ":memory:" keeps nothing. `clock` gives the time (UTC) for stamps and for a missing `tranDate`.

    A fresh company has two tax codes: -7 (not taxable) and -6 (10 %, the company's default). So a line that does not say
    `isTaxable: false` gets 10 % tax added, as a careless client would find in a real account.
    """

    def __init__(
        self, path: str | Path | None = None, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = open_store(path)
        self._lock = threading.RLock()
        self.now = clock
        self._tables: dict[str, dict[str, dict[str, Any]]] = {table: {} for table in schema.TABLES}
        self._transactions: dict[int, Transaction] = {}
        self._external_ids: dict[tuple[str, str], str] = {}  # (space, id in lower case) -> internal id
        self._by_customer: defaultdict[str, set[int]] = defaultdict(set)
        self._applied_to: defaultdict[int, dict[int, Decimal]] = defaultdict(
            dict
        )  # target -> source -> amount
        self._last_id: defaultdict[str, int] = defaultdict(int)
        self._touched: dict[str, set[int | str]] = {table: set() for table in ("transaction", *schema.TABLES)}
        with self._lock:
            self._absorb(self._store.news())
            if not self._tables["company"]:
                self._found_company()

    def _found_company(self) -> None:
        with self._writing() as changes:
            changes.append(("company", 1, _master("company", "1", {})))
            changes.append(("taxcode", -7, _master("taxcode", "-7", {"itemid": "-Not Taxable-"})))
            changes.append(
                ("taxcode", -6, _master("taxcode", "-6", {"itemid": "Company default", "rate": "10"}))
            )

    # ------------------------------------------------------------ set-up

    def configure(
        self,
        custom_fields: Mapping[str, str] | Iterable[str] | None = None,
        default_tax_code: str | None = None,
    ) -> None:
        """Company settings. `custom_fields`: added to those known, name -> kind (text, number, date, reference, boolean; a plain
        list: text); the prefix says where: custbody, custcol, custentity, custitem."""
        company = dict(self.company())
        if custom_fields is not None:
            kinds = (
                custom_fields if isinstance(custom_fields, Mapping) else dict.fromkeys(custom_fields, "text")
            )
            if unknown := set(kinds.values()) - set(CUSTOM_KINDS):
                raise ValueError(f"no such kind of custom field: {unknown}")
            company["customfields"] = company["customfields"] | {
                name.lower(): kind for name, kind in kinds.items()
            }
        if default_tax_code is not None:
            company["defaulttaxcode"] = default_tax_code
        with self._writing() as changes:
            changes.append(("company", 1, company))

    def add(self, table: str, id: str | int | None = None, **fields: Any) -> str:
        """A row of master data (tables and columns: `schema.TABLES`); names as in REST or SuiteQL. Returns its id.

        References are ids or `{"id"}`; booleans True/False or 'T'/'F'; dates `date` or `YYYY-MM-DD`.
        """
        with self._writing() as changes:
            if id is not None and str(id) in self._tables[table]:
                raise ValueError(f"{table} {id} is there already")
            number = int(id) if id is not None else self._last_id[_space(table)] + 1
            row = _master(table, str(number), fields, self._custom_names(table))
            self._claim(table, row["externalid"] if "externalid" in row else None, str(number))
            changes.append((table, number, row))
        return str(number)

    def change(self, table: str, id: str | int, **fields: Any) -> None:
        """Edits a row of master data as a person would (inactivate an item, rename, ...)."""
        with self._writing() as changes:
            old = self._tables[table][str(id)]
            row = _master(table, str(id), fields, self._custom_names(table), old)
            self._claim(table, row.get("externalid"), str(id))
            changes.append((table, int(id), row))

    def set_period(
        self, id: str | int, closed: bool | None = None, arlocked: bool | None = None, **fields: Any
    ) -> None:
        """Closes, opens or locks an accounting period (also `alllocked`, `allownonglchanges`)."""
        given = {"closed": closed, "arlocked": arlocked, **fields}
        self.change(
            "accountingperiod", id, **{name: value for name, value in given.items() if value is not None}
        )

    # ------------------------------------------------------------ what REST does

    def create(self, record_type: str, body: Mapping[str, Any]) -> str:
        """Creates a record from a REST body; returns its internal id. Raises `errors.Refused`."""
        return self.write(record_type, body).id

    def update(self, record_type: str, id: str | int, body: Mapping[str, Any]) -> None:
        """PATCH: only what is sent changes; apply rows are keyed by `doc`, item rows without `line` are appended."""
        self.write(record_type, body, str(id))

    def write(
        self, record_type: str, body: Mapping[str, Any], id: str | None = None, strict: bool = False
    ) -> Written:
        """Create (`id` None) or update, with everything REST reports. `strict`: unknown field names are refused."""
        name = self.record_type(record_type)
        if name == "customer":
            raise errors.unknown_record_type(
                record_type
            )  # this stand-in lets no one write customers over REST
        with self._writing() as changes:
            reader = Reader(self._resolve, strict)
            if name == "serviceSaleItem":
                number = self._number("item", name, id)
                changes.append(("item", number, self._item(reader, body, number, new=id is None)))
                return Written(str(number), name, [], reader.dropped)
            number = self._number("transaction", name, id)
            posting = Posting(self, reader, self._transactions[number] if id is not None else None)
            new = posting.build(schema.TYPE_CODES[name], body, number)
            self._claim("transaction", new.external_id, str(number))
            changes.append(("transaction", number, new))
            return Written(str(number), name, posting.warnings, reader.dropped)

    def get(self, record_type: str, id: str, expand: bool = True) -> dict[str, Any]:
        """The record as GET shows it; `id` is the internal id or `eid:<external id>`. Money is Decimal. Zero fields are absent."""
        with self._lock:
            self.refresh()
            name = self.record_type(record_type)
            found = self.locate(name, id)
            if name in ("serviceSaleItem", "customer"):
                return render.master(
                    self, name, self._tables["item" if name == "serviceSaleItem" else "customer"][found]
                )
            return render.transaction(self, self._transactions[int(found)], expand)

    def record_type(self, name: str) -> str:
        """The canonical name of a record type, which comes in any case."""
        found = "customer" if name.lower() == "customer" else schema.RECORD_TYPES.get(name.lower())
        if found is None:
            raise errors.unknown_record_type(name)
        return found

    def locate(self, record_type: str, id: str) -> str:
        """The internal id behind `<internal id>` or `eid:<external id>` of a URL; refuses what is not of that type."""
        table = {"serviceSaleItem": "item", "customer": "customer"}.get(record_type, "transaction")
        if id.startswith("eid:"):
            found = self._resolve(table, id[4:])
            if found is None:
                raise errors.no_such_external_id(id[4:])
            id = found
        elif not id.lstrip("-").isdigit():
            raise errors.malformed_id(id)
        if table == "transaction":
            transaction = self._transactions.get(int(id))
            if transaction is None or transaction.type != schema.TYPE_CODES[record_type]:
                raise errors.wrong_transaction_type()
        elif id not in self._tables[table] or (
            table == "item" and self._tables["item"][id]["itemtype"] != "Service"
        ):
            raise errors.no_such_record()
        return id

    # ------------------------------------------------------------ what a person does

    def unapply(self, id: str | int, doc: str | int | None = None) -> None:
        """Takes back what a memo or payment is applied to (all of it, or one document)."""
        with self._writing() as changes:
            old = self._transactions[int(id)]
            left = {} if doc is None else {d: a for d, a in old.applications.items() if d != int(doc)}
            changes.append(("transaction", old.id, self._edited(old, applications=left)))

    def apply_by_hand(self, id: str | int, doc: str | int, amount: str | int | Decimal) -> None:
        """Applies a memo or payment to an invoice, or adds a memo to a refund, under NetSuite's own rules."""
        name = schema.TYPE_NAMES[self._transactions[int(id)].type]
        self.update(
            name, id, {"apply": {"items": [{"doc": str(doc), "apply": True, "amount": Decimal(amount)}]}}
        )

    def edit_amount(self, id: str | int, amount: str | int | Decimal, line: int = 1) -> None:
        """Changes the amount of one item line, under NetSuite's own rules."""
        name = schema.TYPE_NAMES[self._transactions[int(id)].type]
        self.update(name, id, {"item": {"items": [{"line": line, "amount": Decimal(amount)}]}})

    def delete(self, id: str | int) -> None:
        """Deletes a transaction; refused while something is applied to it or, a memo, while it is applied (inferred)."""
        with self._writing() as changes:
            old = self._transactions[int(id)]
            if self._applied_to[old.id] or (old.type == "CustCred" and old.applications):
                raise errors.applied_elsewhere()
            changes.append(("transaction", old.id, None))

    # ------------------------------------------------------------ what the books say

    def row(self, table: str, id: str) -> dict[str, Any] | None:
        return self._tables[table].get(id)

    def rows(self, table: str) -> dict[str, dict[str, Any]]:
        """All rows of a master table by id. Not to be changed."""
        return self._tables[table]

    def transaction(self, id: str | int) -> Transaction | None:
        return self._transactions.get(int(id))

    def transactions(self, type: str | None = None) -> list[Transaction]:
        """All transactions, or those of a SuiteQL type (`CustCred`, ...), by id."""
        with self._lock:
            self.refresh()
            return [t for _, t in sorted(self._transactions.items()) if type in (None, t.type)]

    def applied_to(self, id: int) -> Decimal:
        """What others have applied to this transaction."""
        return sum(self._applied_to[id].values(), ZERO) if id in self._applied_to else ZERO

    def applications_of(self, id: int) -> Mapping[int, Decimal]:
        """Who has applied how much to this transaction: source id -> amount."""
        return self._applied_to[id] if id in self._applied_to else {}

    def open_amount(self, transaction: Transaction) -> Decimal:
        """Open on an invoice; unapplied on a memo or payment; nothing on anything else."""
        if transaction.type == "CustInvc":
            return transaction.total - self.applied_to(transaction.id)
        if transaction.type in ("CustCred", "CustPymt"):
            return (
                transaction.total
                - sum(transaction.applications.values(), ZERO)
                - self.applied_to(transaction.id)
            )
        return ZERO

    def candidates(
        self, entity: str, currency: str, receivable: str, types: Sequence[str]
    ) -> list[Transaction]:
        """The open, approved documents NetSuite lists in an apply sublist, oldest first."""
        found = [self._transactions[id] for id in self._by_customer[entity]]
        fitting = [
            t for t in found
            if t.type in types and t.currency == currency and t.receivable == receivable and t.approved and self.open_amount(t) > 0
        ]  # fmt: skip
        return sorted(fitting, key=lambda t: (t.tran_date, t.id))

    def period_on(self, day: date) -> str | None:
        """The ordinary posting period (no year, quarter or adjustment) of a day."""
        text = day.isoformat()
        for row in self._tables["accountingperiod"].values():
            if row["startdate"] <= text <= row["enddate"] and "T" not in (
                row["isyear"],
                row["isquarter"],
                row["isadjust"],
                row["isinactive"],
            ):
                return str(row["id"])
        return None

    def default_receivable(self) -> str | None:
        accounts = self._tables["account"].values()
        return next(
            (a["id"] for a in accounts if a["accttype"] == "AcctRec" and a["isinactive"] == "F"), None
        )

    def company(self) -> dict[str, Any]:
        return self._tables["company"]["1"]

    def custom_fields(self, prefix: str) -> dict[str, str]:
        """Custom fields of one place (`custbody`, ...): name -> kind."""
        return {
            name: kind for name, kind in self.company()["customfields"].items() if name.startswith(prefix)
        }

    # ------------------------------------------------------------ for the SuiteQL engine

    def lock(self) -> threading.RLock:
        return self._lock

    def take_touched(self, kind: str) -> set[int | str]:
        """Ids of `transaction` or a master table that may have changed since the last call. One consumer only."""
        touched, self._touched[kind] = self._touched[kind], set()
        return touched

    def refresh(self) -> None:
        """Hears what other processes have written."""
        with self._lock:
            self._absorb(self._store.news())

    def close(self) -> None:
        self._store.close()

    # ------------------------------------------------------------ inside

    @contextmanager
    def _writing(self) -> Iterator[list[tuple[str, int, Record | None]]]:
        """Collects changes of one write and makes them durable and visible together, or not at all."""
        with self._lock:
            self._absorb(self._store.begin())
            changes: list[tuple[str, int, Record | None]] = []
            try:
                yield changes
                self._store.commit(
                    (kind, id, None if new is None else records.encode(new)) for kind, id, new in changes
                )
            except BaseException:
                self._store.rollback()
                raise
            for kind, id, new in changes:
                self._put(kind, id, new)

    def _absorb(self, rows: Iterable[tuple[str, int, bytes | None]]) -> None:
        for kind, id, body in rows:
            decode = records.decode_transaction if kind == "transaction" else records.decode_master
            self._put(kind, id, None if body is None else decode(body))

    def _put(self, kind: str, id: int, new: Record | None) -> None:
        """Makes a row's new state visible, in every index."""
        self._last_id[_space(kind)] = max(self._last_id[_space(kind)], id)
        if kind == "transaction":
            assert new is None or isinstance(new, Transaction)
            self._put_transaction(id, new)
            return
        key = str(id)
        self._touched[kind].add(key)
        old = self._tables[kind].get(key)
        if old and old.get("externalid"):
            self._external_ids.pop((kind, old["externalid"].lower()), None)
        if new is None:
            self._tables[kind].pop(key, None)
            return
        assert isinstance(new, dict)
        self._tables[kind][key] = new
        if new.get("externalid"):
            self._external_ids[kind, new["externalid"].lower()] = key

    def _put_transaction(self, id: int, new: Transaction | None) -> None:
        old = self._transactions.pop(id, None)
        touched = self._touched["transaction"]
        touched.add(id)
        if old is not None:
            if old.external_id:
                self._external_ids.pop(("transaction", old.external_id.lower()), None)
            if old.entity:
                self._by_customer[old.entity].discard(id)
            for target in old.applications:
                del self._applied_to[target][id]
                touched.add(target)
        if new is None:
            return
        self._transactions[id] = new
        if new.external_id:
            self._external_ids["transaction", new.external_id.lower()] = str(id)
        if new.entity:
            self._by_customer[new.entity].add(id)
        for target, amount in new.applications.items():
            self._applied_to[target][id] = amount
            touched.add(target)

    def _number(self, table: str, record_type: str, id: str | None) -> int:
        return self._last_id[_space(table)] + 1 if id is None else int(self.locate(record_type, id))

    def _claim(self, table: str, external_id: str | None, id: str) -> None:
        """One case-insensitive space over all transactions; customers and items have their own."""
        if external_id and self._external_ids.get((table, external_id.lower()), id) != id:
            raise errors.duplicate_transaction() if table == "transaction" else errors.duplicate_entity()

    def _resolve(self, table: str, external_id: str) -> str | None:
        return self._external_ids.get((table, external_id.lower()))

    def _edited(self, old: Transaction, **changes: Any) -> Transaction:
        return msgspec.structs.replace(old, modified=self.now(), **changes)

    def _custom_names(self, table: str) -> Iterable[str]:
        return (
            self.custom_fields({"customer": "custentity", "item": "custitem"}.get(table, "none"))
            if self._tables["company"]
            else ()
        )

    def _item(self, reader: Reader, body: Mapping[str, Any], number: int, new: bool) -> dict[str, Any]:
        """A service sale item as REST takes it."""
        values = reader.read(body, schema.BODY["serviceSaleItem"], self.custom_fields("custitem"))
        row = _master("item", str(number), {}) if new else dict(self._tables["item"][str(number)])
        account = values.get("incomeAccount") or row["incomeaccount"]
        if not (values.get("itemId") or row["itemid"]):
            raise errors.missing("Item Name/Number", "itemId")
        if account is None:
            raise errors.missing("Income Account", "incomeAccount")
        if (self._tables["account"].get(account) or {"isinactive": "T"})["isinactive"] == "T":
            raise errors.invalid_value(account, "incomeAccount", "incomeAccount")
        if "subsidiary" in values:
            given = reader.rows(
                values["subsidiary"],
                {"id": schema.Field("id", "text"), "refname": schema.Field("refName", "text")},
                {},
                "subsidiary",
            )
            row["subsidiary"] = [str(entry.get("id")) for entry in given]
            for i, subsidiary in enumerate(row["subsidiary"]):
                if subsidiary not in self._tables["subsidiary"]:
                    raise errors.invalid_value(subsidiary, "subsidiary", f"subsidiary.items[{i}]")
        if not row["subsidiary"]:
            raise errors.missing("Subsidiary", "subsidiary")
        name = values.get("itemId") or row["itemid"]
        if any(
            other["itemid"] == name and other["id"] != str(number) for other in self._tables["item"].values()
        ):
            raise errors.duplicate_item_name()
        row |= {"itemid": name, "incomeaccount": account, "itemtype": "Service"}
        for sent, column in (("externalId", "externalid"), ("displayName", "displayname")):
            row[column] = values.get(sent, row[column])
        row["isinactive"] = "T" if values.get("isInactive", row["isinactive"] == "T") else "F"
        row |= {
            key: str(value)
            for key, value in values.items()
            if key in self.custom_fields("custitem") and value is not None
        }
        self._claim("item", row["externalid"], str(number))
        return row


def _space(kind: str) -> str:
    """Tables that share one run of internal ids."""
    return kind


def _master(
    table: str,
    id: str,
    fields: Mapping[str, Any],
    custom: Iterable[str] = (),
    old: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A row of master data from loosely named fields; an unknown name is a mistake of the caller."""
    columns = schema.TABLES[table]
    row: dict[str, Any] = dict(old) if old else {"id": id, **columns}
    for name, value in fields.items():
        column = name.lower()
        column = schema.ALIASES.get(column, {}).get(table, column)
        if column not in columns and column not in custom:
            raise ValueError(f"{table} has no field {name}")
        row[column] = _plain(value, many=isinstance(columns.get(column), list))
    return row


def _plain(value: Any, many: bool) -> Any:
    """A master value as stored: 'T'/'F', ISO dates, text ids, lists of ids."""
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
