"""The books of the stand-in company: master data, transactions and applications, as strict as NetSuite.

    books = Books("state/netsuite.sqlite")            # or Books(None): in memory only
    usd = books.add("currency", symbol="USD", name="US Dollar")
    memo = books.create("creditMemo", {"entity": customer, "item": {"items": [...]}, ...})

`create`, `update` and `get` are REST's operations; `add`, `change` and the chapter "by hand" are those of a person in
the user interface. Ids are text. A write is on disk before the call returns. Several processes can hold the same file.
Thread-safe.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from sandbox.netsuite import errors, items, periods, records, render, schema, suiteql_tables, tables
from sandbox.netsuite.amounts import total
from sandbox.netsuite.fields import CUSTOM_KINDS, Reader
from sandbox.netsuite.ledger import Ledger, utc_now
from sandbox.netsuite.posting import Posting
from sandbox.netsuite.record_types import ENTITIES, RECORD_TYPES, TYPE_CODES, TYPE_NAMES
from sandbox.netsuite.records import Transaction
from sandbox.netsuite.store import open_store

Change = tuple[str, int, Transaction | dict[str, Any] | None]  # table, id, new state (None: deleted)


class Written(NamedTuple):
    """The result of a write. `warnings` and `dropped` (unknown field names) go into response headers."""

    id: str
    record_type: str
    warnings: list[str]
    dropped: list[str]


class Books(Ledger):
    """The stored books. `path` None or ":memory:" keeps nothing on disk. `clock` gives the time (UTC).

    A new company has two tax codes: -7 (not taxable) and -6 (10 %, the company's default). A line that does not say
    `isTaxable: false` gets 10 % added, as in a real account.
    """

    def __init__(self, path: str | Path | None = None, clock: Callable[[], datetime] = utc_now) -> None:
        super().__init__(clock)
        self.lock = threading.RLock()
        self._store = open_store(path)
        self.refresh()
        if not self._tables["company"]:
            self._found_company()

    def _found_company(self) -> None:
        with self._writing() as changes:
            changes.append(("company", 1, tables.row("company", "1", {})))
            changes.append(("taxcode", -7, tables.row("taxcode", "-7", {"itemid": "-Not Taxable-"})))
            default = {"itemid": "Company default", "rate": "10"}
            changes.append(("taxcode", -6, tables.row("taxcode", "-6", default)))

    # ------------------------------------------------------------ set-up

    def configure(
        self,
        custom_fields: Mapping[str, str] | Iterable[str] = (),
        default_tax_code: str | None = None,
        *,
        required_fields: Mapping[str, Iterable[str]] | None = None,
        hidden_columns: Iterable[str] | None = None,
        exact_names: bool | None = None,
        refuses_apply_in_post: bool | None = None,
        language: str | None = None,
        wants_language: bool | None = None,
        hides_journal_totals: bool | None = None,
    ) -> None:
        """Change the account's settings. A new setting of the account has its place here and in `tables.TABLES`.

        `custom_fields` are added: name -> kind (text, number, date, reference, boolean; a plain list: text). The
        prefix of a name says where it belongs: custbody, custcol, custentity, custitem.

        The others replace the setting; None leaves it, and the default is the milder behaviour. Raises `ValueError`
        for a name that does not exist, because such a switch would do nothing.

        - `required_fields`: fields that a form makes mandatory, by `schema.LEVELS`: `{"customerRefund":
          ["paymentOption", "customForm"], "creditMemo.item": ["department"]}`. A row takes nothing from the body.
        - `hidden_columns`: columns that SuiteQL does not expose, as `item.subsidiary`.
        - `exact_names`: a field name in other letters than the schema's is unknown (facts 11, D5).
        - `refuses_apply_in_post`: apply rows in the POST of a credit memo are refused, with the error path `apply`
          (facts 11, D18). A PATCH takes them.
        - `language`: the company's language (`en`). In every other one, titles and details of refusals are foreign
          words; the stand-in knows only German, whatever the language.
        - `wants_language`: requests for records must name the company's language: writes in `Content-Language`, all
          in `Accept-Language`. SuiteQL needs neither (seen).
        - `hides_journal_totals`: SuiteQL shows no `foreigntotal` for journal entries (facts 11, D2: unconfirmed).
        """
        named = custom_fields if isinstance(custom_fields, Mapping) else dict.fromkeys(custom_fields, "text")
        if unknown := set(named.values()) - set(CUSTOM_KINDS):
            raise ValueError(f"no such kind of custom field: {unknown}")
        company = self.company()
        fields = company["customfields"] | {name.lower(): kind for name, kind in named.items()}
        given = {
            "customfields": fields,
            "defaulttaxcode": default_tax_code,
            "requiredfields": required_fields
            if required_fields is None
            else {k: list(v) for k, v in required_fields.items()},
            "hiddencolumns": None if hidden_columns is None else list(hidden_columns),
            "exactnames": exact_names,
            "refusesapplyinpost": refuses_apply_in_post,
            "language": language,
            "wantslanguage": wants_language,
            "hidesjournaltotals": hides_journal_totals,
        }
        schema.check_names(given["requiredfields"] or {}, fields)
        suiteql_tables.check_columns(given["hiddencolumns"] or ())
        with self._writing() as changes:
            changes.append(("company", 1, company | {k: v for k, v in given.items() if v is not None}))

    def add(self, table: str, id: str | int | None = None, **fields: Any) -> str:
        """Add a row of master data. Returns its id.

        Names are as in REST or SuiteQL (`tables.TABLES`). References are ids or `{"id"}`, booleans True/False or
        'T'/'F', dates `date` or `YYYY-MM-DD`; a tax code's rate is in percent.
        """
        with self._writing() as changes:
            number = int(id) if id is not None else self._last_id[table] + 1
            if str(number) in self._tables[table]:
                raise ValueError(f"{table} {number} exists")
            row = tables.row(table, str(number), fields, self.custom_fields_of(table))
            self._claim(table, row.get("externalid"), str(number))
            changes.append((table, number, row))
        return str(number)

    def change(self, table: str, id: str | int, **fields: Any) -> None:
        """Edit a row of master data as a person does (inactivate an item, rename, ...)."""
        with self._writing() as changes:
            old = self._tables[table][str(id)]
            row = tables.row(table, str(id), fields, self.custom_fields_of(table), old)
            self._claim(table, row.get("externalid"), str(id))
            changes.append((table, int(id), row))

    def set_period(
        self, id: str | int, closed: bool | None = None, arlocked: bool | None = None, **fields: bool
    ) -> None:
        """Close, open or lock an accounting period (also `alllocked`, `allownonglchanges`)."""
        given = {"closed": closed, "arlocked": arlocked, **fields}
        self.change("accountingperiod", id, **{name: value for name, value in given.items() if value is not None})

    # ------------------------------------------------------------ REST

    def create(self, record_type: str, body: Mapping[str, Any]) -> str:
        """Create a record from a REST body. Returns its internal id. Raises `errors.Refused`."""
        return self.write(record_type, body).id

    def update(self, record_type: str, id: str | int, body: Mapping[str, Any]) -> None:
        """PATCH: only the fields in the body change. `doc` is the key of apply rows, `line` the key of item rows;
        an item row without `line` is added.
        """
        self.write(record_type, body, str(id))

    def write(self, record_type: str, body: Mapping[str, Any], id: str | None = None, strict: bool = False) -> Written:
        """Create a record (`id` None) or update one (`id` as in a URL). `strict` refuses unknown field names."""
        name = self.record_type(record_type)
        if name == "customer":
            raise errors.unknown_record_type(record_type)  # no client writes customers over REST here
        with self._writing() as changes:
            table = ENTITIES.get(name, "transaction")
            number = self._last_id[table] + 1 if id is None else int(self.locate(name, id))
            reader = Reader(self.by_external_id, strict, self.company()["exactnames"])
            if table == "item":
                row = self._item_row(reader, body, number, is_new=id is None)
                changes.append((table, number, row))
                return Written(str(number), name, [], reader.dropped)
            posting = Posting(self, reader, None if id is None else self._transactions[number])
            new = posting.build(TYPE_CODES[name], body, number)
            self._claim(table, new.external_id, str(number))
            changes.append((table, number, new))
            return Written(str(number), name, posting.warnings, reader.dropped)

    def _item_row(self, reader: Reader, body: object, number: int, is_new: bool) -> dict[str, Any]:
        row = items.item_row(self, reader, body, str(number), None if is_new else self._tables["item"][str(number)])
        self._claim("item", row["externalid"], str(number))
        if any(other["itemid"] == row["itemid"] and other["id"] != str(number) for other in self.rows("item")):
            raise errors.duplicate_item_name()
        return row

    def get(self, record_type: str, id: str, expand: bool = True) -> dict[str, Any]:
        """The record as GET shows it. `id` is an internal id or `eid:<external id>`.

        Money is Decimal; a field with a zero amount is absent.
        """
        with self.lock:
            self.refresh()
            name = self.record_type(record_type)
            found = self.locate(name, id)
            if name in ENTITIES:
                return render.entity(self, name, self._tables[ENTITIES[name]][found])
            return render.transaction(self, self._transactions[int(found)], expand)

    def record_type(self, name: str) -> str:
        """The canonical name of a record type; the case of letters does not matter. Raises `Refused`."""
        found = RECORD_TYPES.get(name.lower())
        if found is None:
            raise errors.unknown_record_type(name)
        return found

    def locate(self, record_type: str, id: str) -> str:
        """The internal id behind a URL's `<internal id>` or `eid:<external id>`.

        Raises `Refused` if there is no such record of this type.
        """
        table = ENTITIES.get(record_type, "transaction")
        if id.startswith("eid:"):
            found = self.by_external_id(table, id[4:])
            if found is None:
                raise errors.no_such_external_id(id[4:])
            id = found
        elif not id.isdigit():
            raise errors.malformed_id(id)
        if table == "transaction":
            transaction = self._transactions.get(int(id))
            if transaction is None or transaction.type != TYPE_CODES[record_type]:
                raise errors.wrong_transaction_type()
            return id
        row = self._tables[table].get(id)
        if row is None or row.get("itemtype", "Service") != "Service":
            raise errors.no_such_record()
        return id

    # ------------------------------------------------------------ by hand

    def unapply(self, id: str | int, doc: str | int | None = None) -> None:
        """Remove the applications of a memo, payment or refund: to one document, or all."""
        with self._writing() as changes:
            old = self._transactions[int(id)]
            left = {} if doc is None else {d: a for d, a in old.applications.items() if d != int(doc)}
            amount = total(left.values()) if old.type == "CustRfnd" else old.total
            new = msgspec.structs.replace(old, applications=left, total=amount, modified=self.now())
            periods.require_open(self, new, for_ledger=old.total != amount)
            changes.append(("transaction", old.id, new))

    def apply_by_hand(self, id: str | int, doc: str | int, amount: str | int | Decimal) -> None:
        """Apply a memo or payment to an invoice, or a refund to a memo. Raises `Refused` as REST would."""
        row = {"doc": str(doc), "apply": True, "amount": Decimal(amount)}
        self.update(self._record_type_of(id), id, {"apply": {"items": [row]}})

    def edit_amount(self, id: str | int, amount: str | int | Decimal, line: int = 1) -> None:
        """Change the amount of one item line. Raises `Refused` as REST would."""
        row = {"line": line, "amount": Decimal(amount)}
        self.update(self._record_type_of(id), id, {"item": {"items": [row]}})

    def void(self, id: str | int) -> None:
        """Void an invoice or memo as a person does: it stays, with amounts of zero. Raises `Refused` while it is
        applied to something, or something to it (inferred).
        """
        with self._writing() as changes:
            old = self._transactions[int(id)]
            if self.applied_to(old.id) or old.applications:
                raise errors.applied_elsewhere()
            zero = Decimal(0)
            lines = tuple(msgspec.structs.replace(line, amount=zero, tax=zero) for line in old.lines)
            new = msgspec.structs.replace(
                old, total=zero, tax=zero, lines=lines, tax_details=(), voided=True, memo="VOID", modified=self.now()
            )
            periods.require_open(self, new)
            changes.append(("transaction", old.id, new))

    def delete(self, id: str | int) -> None:
        """Delete a transaction. Raises `Refused` while others are applied to it, and for an applied memo (inferred)."""
        with self._writing() as changes:
            old = self._transactions[int(id)]
            if self.applied_to(old.id) or (old.type == "CustCred" and old.applications):
                raise errors.applied_elsewhere()
            periods.require_open(self, old)
            changes.append(("transaction", old.id, None))

    # ------------------------------------------------------------ storage

    def transactions(self, type: str | None = None) -> list[Transaction]:
        """All transactions, or those of a SuiteQL type (`CustCred`, ...), by id; those of other processes too."""
        with self.lock:
            self.refresh()
            return super().transactions(type)

    def refresh(self) -> None:
        """Read the writes of other processes."""
        with self.lock:
            self._absorb(self._store.news())

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    @contextmanager
    def _writing(self) -> Iterator[list[Change]]:
        """Collect the changes of one write, then make all of them durable and visible, or none."""
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
                self.put(table, id, new)

    def _absorb(self, rows: Iterable[tuple[str, int, bytes | None]]) -> None:
        for table, id, body in rows:
            decode = records.decode_transaction if table == "transaction" else records.decode_master
            self.put(table, id, None if body is None else decode(body))

    def _claim(self, table: str, external_id: str | None, id: str) -> None:
        """Refuse an external id that another record has. All transactions share one space, each entity has its own."""
        if external_id and self.by_external_id(table, external_id) not in (None, id):
            raise errors.duplicate_transaction() if table == "transaction" else errors.duplicate_entity()

    def _record_type_of(self, id: str | int) -> str:
        return TYPE_NAMES[self._transactions[int(id)].type]
