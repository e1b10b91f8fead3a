"""What the marts say is to be posted, read in chunks (flat memory) and in the order of a push (P3).

The loader asks for rows whose `state` is `ready` and understands nothing else about them. (What NetSuite
refused is `ready` again after the next transform: once per run, P4.)
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from itertools import groupby
from typing import Any, TypeVar

import duckdb

from load_netsuite import bodies
from load_netsuite.bodies import Body, CannotBuild, Row
from netsuite.api import to_json
from warehouse.query import ask, ask_by_name

CHUNK = 500  # records in memory at a time; their look-up is one SuiteQL query

T = TypeVar("T")

PRESENT = "('created', 'adopted')"
READY = "r.state = 'ready' and r.netsuite_internal_id is null"

ITEM = "external_id, item_name, netsuite_income_account_id, netsuite_subsidiary_ids"
ZERO_INVOICE = (
    "external_id, currency, netsuite_customer_id, netsuite_currency_id, netsuite_subsidiary_id, "
    "netsuite_account_id, netsuite_posting_period_id, tran_date, memo_text, tax_details_override, "
    "existing_netsuite_id"
)
ZERO_INVOICE_LINE = (
    "line_number, netsuite_item_id, item_external_id, description, quantity, is_taxable, netsuite_tax_code_id"
)
CREDIT_MEMO = (
    "external_id, currency, netsuite_customer_id, netsuite_currency_id, netsuite_currency_precision, "
    "netsuite_subsidiary_id, netsuite_account_id, netsuite_posting_period_id, tran_date, memo_text, "
    "tax_details_override, amount"
)
CREDIT_MEMO_LINE = (
    "line_number, netsuite_item_id, item_external_id, description, quantity, amount, is_gross, is_taxable, "
    "netsuite_tax_code_id, period_start, period_end, revenue_start_field, revenue_end_field"
)
TAX_DETAIL = "line_number, netsuite_tax_code_id, netsuite_tax_type_id, amount, tax_basis, tax_rate_percent"
CUSTOMER_REFUND = (
    "external_id, currency, netsuite_customer_id, netsuite_currency_id, netsuite_currency_precision, "
    "netsuite_account_id, netsuite_receivables_account_id, netsuite_subsidiary_id, "
    "netsuite_posting_period_id, tran_date, memo_text, amount_minor, amount, linked_amount_minor"
)
JOURNAL_ENTRY = (
    "external_id, currency, netsuite_currency_id, netsuite_currency_precision, netsuite_subsidiary_id, "
    "netsuite_posting_period_id, tran_date, memo_text, debit_netsuite_account_id, "
    "credit_netsuite_account_id, amount"
)

# What an application settles: an invoice (its target), or, seen from a refund, a memo.
DOCUMENT = {
    "target": "a.target_netsuite_id as doc, a.target_external_id as doc_external_id",
    "memo": "a.netsuite_memo_id as doc, a.external_id as doc_external_id",
}

# Earlier documents have the first claim on an invoice (C5, C6).
IN_ORDER_OF_CREATION = (
    "(select min(o.created_at) from marts.credit_outcomes as o where o.document_id = r.document_id), r.external_id"
)


@dataclass(frozen=True)
class Application:
    """A record's claim on a document: `doc` is its internal id (None: not in NetSuite yet), `amount` in
    major units."""

    doc: str | None
    doc_external_id: str | None
    amount: Decimal


@dataclass(frozen=True)
class Record:
    """One record that is to be in NetSuite with these applications.

    internal_id: known already, only `applications` are to be added · existing_id: someone else's record
    that stands for ours (N1) · total: what NetSuite must show · cap: most it may show once it grows (R3) ·
    problem: why no body can be built.
    """

    record_type: str
    external_id: str
    currency: str | None = None
    customer_id: str | None = None
    currency_id: str | None = None
    total: Decimal = Decimal(0)
    cap: Decimal | None = None
    body: Body = field(default_factory=dict)
    applications: tuple[Application, ...] = ()
    internal_id: str | None = None
    existing_id: str | None = None
    problem: str | None = None

    @property
    def operation(self) -> str:
        return "apply" if self.internal_id else "create"

    @property
    def keys(self) -> frozenset[Hashable]:
        """What a write of this record touches besides itself: writes that share one are made in order."""
        return frozenset(("document", application.doc) for application in self.applications if application.doc)

    @property
    def fingerprint(self) -> str:
        """Hash of what is meant, with documents named by external id: the same before and after their
        posting."""
        meant: Any = [
            self.operation,
            self.record_type,
            {name: self.body[name] for name in sorted(self.body) if name != "apply"},
        ]
        meant.append(sorted([a.doc_external_id or a.doc or "", a.amount] for a in self.applications))
        return hashlib.sha256(to_json(meant)).hexdigest()


class Marts:
    """Reads one warehouse. `run_id`: applications that failed in this run already are not offered again."""

    def __init__(self, warehouse: duckdb.DuckDBPyConnection, run_id: str = "") -> None:
        self._cursor = warehouse.cursor()
        self._run_id = run_id

    # ------------------------------------------------------------ records

    def items(self) -> Iterator[list[Record]]:
        there = (
            "select external_id from load_netsuite.load_log "
            f"where record_type = 'serviceSaleItem' and status in {PRESENT}"
        )
        for rows in self._chunks("items_to_create", ITEM, f"external_id not in ({there})", "external_id"):
            yield [_built("serviceSaleItem", row, partial(bodies.service_sale_item, row)) for row in rows]

    def zero_invoices(self) -> Iterator[list[Record]]:
        for rows in self._chunks("zero_amount_invoices", ZERO_INVOICE, READY, "tran_date, external_id"):
            lines = self._parts_of(rows, "zero_amount_invoice_lines", ZERO_INVOICE_LINE, "line_number")
            fields = self._fields_of(rows, "invoice")
            yield [
                _built(
                    "invoice",
                    row,
                    partial(bodies.zero_invoice, row, lines[row["external_id"]], fields[row["external_id"]]),
                    existing_id=row["existing_netsuite_id"],
                )
                for row in rows
            ]

    def memos(self) -> Iterator[list[Record]]:
        for rows in self._chunks("credit_memos", CREDIT_MEMO, READY, IN_ORDER_OF_CREATION):
            lines = self._parts_of(rows, "credit_memo_lines", CREDIT_MEMO_LINE, "line_number")
            taxes = self._parts_of(rows, "credit_memo_tax_details", TAX_DETAIL, "line_number, detail_number")
            fields = self._fields_of(rows, "creditMemo")
            claims = self._claims_of(rows, "invoice", of="external_id", on="target")
            yield [
                _memo(row, lines[id], taxes[id], fields[id], claims[id]) for row in rows for id in (row["external_id"],)
            ]

    def refunds(self) -> Iterator[list[Record]]:
        for rows in self._chunks("customer_refunds", CUSTOMER_REFUND, READY, "tran_date, external_id"):
            fields = self._fields_of(rows, "customerRefund")
            claims = self._claims_of(rows, "customer_refund", of="target_external_id", on="memo")
            yield [_refund(row, fields[id], claims[id]) for row in rows for id in (row["external_id"],) if claims[id]]

    def journals(self) -> Iterator[list[Record]]:
        for rows in self._chunks("journal_entries", JOURNAL_ENTRY, READY, "tran_date, external_id"):
            yield [_built("journalEntry", row, partial(bodies.journal_entry, row)) for row in rows]

    def late_applications(self) -> Iterator[list[Record]]:
        """Applications whose record is in NetSuite already: one Record for each memo or refund that is to
        get some."""
        yield from self._late("creditMemo", "invoice", of="external_id", at="netsuite_memo_id", on="target")
        yield from self._late(
            "customerRefund", "customer_refund", of="target_external_id", at="target_netsuite_id", on="memo"
        )

    def _late(self, record_type: str, kind: str, of: str, at: str, on: str) -> Iterator[list[Record]]:
        relation, cap = {
            "creditMemo": ("credit_memos", "null"),
            "customerRefund": ("customer_refunds", "r.linked_amount_minor"),
        }[record_type]
        failed = (
            "select external_id from load_netsuite.load_log where run_id = ? and operation = 'apply' "
            f"and record_type = '{record_type}' and status in ('rejected', 'unknown')"
        )
        wanted = (
            f"a.application_type = '{kind}' and a.{at} is not null and a.{of} not in ({failed}) and a.state = 'ready'"
        )
        ids = self._column(
            f"select distinct a.{of} from marts.credit_memo_applications as a where {wanted} order by 1",
            [self._run_id],
        )
        for part in _in_chunks(ids):
            rows = self._all(
                f"select a.{of} as external_id, a.{at} as internal_id, {DOCUMENT[on]}, a.amount, "
                f"a.amount_minor, r.currency, r.netsuite_currency_precision, {cap} as linked_amount_minor, "
                "r.netsuite_customer_id, r.netsuite_currency_id from marts.credit_memo_applications as a "
                f"inner join marts.{relation} as r on r.external_id = a.{of} where {wanted} and "
                f"a.{of} in (select unnest(?::varchar[])) order by 1, doc",
                [self._run_id, part],
            )
            yield [
                _late_record(record_type, list(claims)) for _, claims in groupby(rows, lambda row: row["external_id"])
            ]

    # ------------------------------------------------------------ what was meant

    def meant(self, record_type: str, external_ids: Sequence[str]) -> dict[str, Row]:
        """external id → {total, cap, currency, scale} as the marts have it; `scale` is minor units per
        major unit."""
        relation, total, minor, cap = {
            "creditMemo": ("credit_memos", "amount", "amount_minor", "null"),
            "customerRefund": ("customer_refunds", "amount", "amount_minor", "linked_amount_minor"),
            "journalEntry": ("journal_entries", "amount", "amount_minor", "null"),
            "invoice": ("zero_amount_invoices", "cast(0 as decimal(22, 3))", "0", "null"),
        }[record_type]
        rows = self._all(
            f"select external_id, currency, {total} as total, {minor} as total_minor, {cap} as cap_minor "
            f"from marts.{relation} where external_id in (select unnest(?::varchar[]))",
            [list(external_ids)],
        )
        for row in rows:
            row["scale"] = Decimal(row["total_minor"]) / row["total"] if row["total"] else None
            row["cap"] = _major(row["cap_minor"], row["total_minor"], row["total"])
        return {row["external_id"]: row for row in rows}

    # ------------------------------------------------------------ reading

    def _chunks(self, relation: str, columns: str, wanted: str, order: str) -> Iterator[list[Row]]:
        """Rows of marts.<relation> in order, a chunk at a time. Which ones is settled at the start: what is
        posted meanwhile changes the views, not the list."""
        ids = self._column(f"select r.external_id from marts.{relation} as r where {wanted} order by {order}")
        for part in _in_chunks(ids):
            sql = f"select {columns} from marts.{relation} where external_id in (select unnest(?::varchar[]))"
            rows = {row["external_id"]: row for row in self._all(sql, [part])}
            yield [rows[id] for id in part if id in rows]

    def _parts_of(self, owners: Sequence[Row], relation: str, columns: str, order: str) -> dict[str, list[Row]]:
        """Rows of marts.<relation> by the external id of their owner."""
        return self._grouped(
            f"select external_id, {columns} from marts.{relation} where external_id in (select "
            f"unnest(?::varchar[])) order by external_id, {order}",
            owners,
        )

    def _fields_of(self, owners: Sequence[Row], record_type: str) -> dict[str, list[Row]]:
        return self._grouped(
            "select external_id, line_number, netsuite_field, value_type, value from "
            f"marts.netsuite_field_values where record_type = '{record_type}' and value is not null and "
            "external_id in (select unnest(?::varchar[])) order by external_id, line_number, "
            "netsuite_field",
            owners,
        )

    def _claims_of(self, owners: Sequence[Row], kind: str, of: str, on: str) -> dict[str, list[Row]]:
        """Applications to be made together with their record."""
        return self._grouped(
            f"select a.{of} as external_id, {DOCUMENT[on]}, sum(a.amount) as amount from "
            f"marts.credit_memo_applications as a where a.application_type = '{kind}' and a.state = "
            f"'ready' and a.{of} in (select unnest(?::varchar[])) group by all order by 1, doc, "
            "doc_external_id",
            owners,
        )

    def _grouped(self, sql: str, owners: Sequence[Row]) -> defaultdict[str, list[Row]]:
        grouped: defaultdict[str, list[Row]] = defaultdict(list)
        for row in self._all(sql, [_ids(owners)]):
            grouped[row["external_id"]].append(row)
        return grouped

    def _column(self, sql: str, parameters: Sequence[Any] = ()) -> list[str]:
        """All values of the only column: external ids, the one thing that is kept of every row (80 bytes)."""
        return [value for (value,) in ask(self._cursor, sql, parameters)]

    def _all(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        return ask_by_name(self._cursor, sql, parameters)


STEPS: tuple[tuple[str, Callable[[Marts], Iterator[list[Record]]]], ...] = (
    ("items to create", Marts.items),
    ("zero-amount invoices", Marts.zero_invoices),
    ("credit memos", Marts.memos),
    ("customer refunds", Marts.refunds),
    ("late applications", Marts.late_applications),
    ("journal entries", Marts.journals),
)


# ------------------------------------------------------------ building


def _built(record_type: str, row: Row, body: Callable[[], Body], **more: Any) -> Record:
    """The record, or why it cannot be built."""
    common: dict[str, Any] = {
        "record_type": record_type,
        "external_id": row["external_id"],
        "currency": row.get("currency"),
        "customer_id": row.get("netsuite_customer_id"),
        "currency_id": row.get("netsuite_currency_id"),
        "total": row.get("amount") or Decimal(0),
    }
    try:
        return Record(**common | more, body=body())
    except CannotBuild as problem:
        return Record(**common | more, problem=str(problem))


def _memo(row: Row, lines: Sequence[Row], taxes: Sequence[Row], fields: Sequence[Row], claims: Sequence[Row]) -> Record:
    applications = _applications(claims)

    def body() -> Body:
        if any(application.doc is None for application in applications):
            raise CannotBuild("its invoice has no NetSuite id any more; run extract and transform again")
        _check_amounts(row, applications)
        return bodies.credit_memo(row, lines, taxes, fields)

    return _built("creditMemo", row, body, applications=applications)


def _refund(row: Row, fields: Sequence[Row], claims: Sequence[Row]) -> Record:
    applications = _applications(claims)

    def body() -> Body:
        _check_amounts(row, applications)
        return bodies.customer_refund(row, fields)

    return _built(
        "customerRefund",
        row,
        body,
        applications=applications,
        total=sum((application.amount for application in applications if application.doc), Decimal(0)),
        cap=_major(row["linked_amount_minor"], row["amount_minor"], row["amount"]),
    )


def _late_record(record_type: str, claims: Sequence[Row]) -> Record:
    first, applications = claims[0], _applications(claims)

    def body() -> Body:
        _check_amounts(first, applications)
        return {}

    return _built(
        record_type,
        first,
        body,
        internal_id=first["internal_id"],
        applications=applications,
        cap=_major(first["linked_amount_minor"], first["amount_minor"], first["amount"]),
    )


def _applications(rows: Sequence[Row]) -> tuple[Application, ...]:
    return tuple(Application(row["doc"], row["doc_external_id"], row["amount"]) for row in rows)


def _check_amounts(row: Row, applications: Sequence[Application]) -> None:
    for application in applications:
        what = f"the application to {application.doc_external_id}"
        bodies.money(application.amount, row["netsuite_currency_precision"], what)


def _major(minor: int | None, sample_minor: int | None, sample: Decimal | None) -> Decimal | None:
    """A minor-unit amount in major units, by the scale of an amount that is known in both."""
    if minor is None or not sample_minor or not sample:
        return None
    return Decimal(minor) * sample / Decimal(sample_minor)


def _ids(rows: Sequence[Row]) -> list[str]:
    return [row["external_id"] for row in rows]


def _in_chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]
