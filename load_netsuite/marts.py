"""What the marts say is to be posted, read in chunks (flat memory) and in the order of a push (P3).

The loader asks for rows whose `state` is `ready`, and gives each row NetSuite refused in an earlier run, or that
differed from what it holds, one more chance a run (P4). It understands nothing else about them.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import duckdb

from load_netsuite import bodies
from load_netsuite.api import to_json
from load_netsuite.bodies import Body, CannotBuild, Row

CHUNK = 500  # records in memory at a time; their look-up is one SuiteQL query


@dataclass(frozen=True)
class Application:
    """A record's claim on a document: `doc` is its internal id (None: not in NetSuite yet), `amount` in major units."""

    doc: str | None
    doc_external_id: str | None
    amount: Decimal


@dataclass(frozen=True)
class Record:
    """One record that is to be in NetSuite with these applications.

    internal_id: known already, only `applications` are to be added · existing_id: someone else's record that stands
    for ours (N1) · total: what NetSuite must show · cap: most it may show once it grows (R3) · problem: why no body
    can be built.
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
        """Hash of what is meant, with documents named by external id: the same before and after their posting."""
        meant: Any = [self.operation, self.record_type, {name: self.body[name] for name in sorted(self.body) if name != "apply"}]
        meant.append(sorted([a.doc_external_id or a.doc or "", a.amount] for a in self.applications))
        return hashlib.sha256(to_json(meant)).hexdigest()


Reader = Callable[["Marts"], Iterator[list[Record]]]


class Marts:
    """Reads one warehouse. `run_id`: rows this run has already failed at are left out of the late applications."""

    def __init__(self, warehouse: duckdb.DuckDBPyConnection, run_id: str = "") -> None:
        self._cursor = warehouse.cursor()
        self._run_id = run_id

    # ------------------------------------------------------------------------------------------ records

    def items(self) -> Iterator[list[Record]]:
        columns = "external_id, item_name, netsuite_income_account_id, netsuite_subsidiary_id"
        wanted = f"external_id not in (select external_id from load_netsuite.load_log where record_type = 'serviceSaleItem' and status in {PRESENT})"
        for rows in self._chunks("items_to_create", columns, wanted, "external_id"):
            yield [_record("serviceSaleItem", row, lambda row=row: bodies.service_sale_item(row)) for row in rows]

    def zero_invoices(self) -> Iterator[list[Record]]:
        columns = (
            "external_id, currency, netsuite_customer_id, netsuite_currency_id, netsuite_subsidiary_id, netsuite_account_id, "
            "netsuite_posting_period_id, tran_date, memo_text, tax_details_override, existing_netsuite_id"
        )
        for rows in self._chunks("zero_amount_invoices", columns, _to_post("invoice"), "tran_date, external_id"):
            ids = _ids(rows)
            lines = self._by_record(
                "select external_id, line_number, netsuite_item_id, item_external_id, description, quantity, is_taxable, "
                "netsuite_tax_code_id from marts.zero_amount_invoice_lines where list_contains(?, external_id) "
                "order by external_id, line_number", ids,
            )  # fmt: skip
            fields = self._fields("invoice", ids)
            yield [
                _record(
                    "invoice", row, lambda row=row, id=row["external_id"]: bodies.zero_invoice(row, lines[id], fields[id]),
                    existing_id=row["existing_netsuite_id"],
                )
                for row in rows
            ]  # fmt: skip

    def memos(self) -> Iterator[list[Record]]:
        columns = (
            "external_id, currency, netsuite_customer_id, netsuite_currency_id, netsuite_currency_precision, netsuite_subsidiary_id, "
            "netsuite_account_id, netsuite_posting_period_id, tran_date, memo_text, tax_details_override, amount"
        )
        # In the order of the documents' creation: earlier ones have the first claim on an invoice (C5, C6).
        order = "(select min(created_at) from marts.credit_outcomes where credit_outcomes.document_id = r.document_id), external_id"
        for rows in self._chunks("credit_memos", columns, _to_post("creditMemo"), order):
            ids = _ids(rows)
            lines = self._by_record(
                "select external_id, line_number, netsuite_item_id, item_external_id, description, quantity, amount, is_gross, "
                "is_taxable, netsuite_tax_code_id, period_start, period_end, revenue_start_field, revenue_end_field "
                "from marts.credit_memo_lines where list_contains(?, external_id) order by external_id, line_number", ids,
            )  # fmt: skip
            taxes = self._by_record(
                "select external_id, line_number, netsuite_tax_code_id, netsuite_tax_type_id, amount, tax_basis, tax_rate_percent "
                "from marts.credit_memo_tax_details where list_contains(?, external_id) order by external_id, line_number, "
                "detail_number", ids,
            )  # fmt: skip
            applications = self._by_record(
                "select external_id, target_netsuite_id as doc, target_external_id as doc_external_id, sum(amount) as amount "
                f"from marts.credit_memo_applications where application_type = 'invoice' and {WANTED} "
                "and list_contains(?, external_id) group by all order by all", ids,
            )  # fmt: skip
            fields = self._fields("creditMemo", ids)

            def build(row: Row) -> Record:
                id = row["external_id"]
                claims = _applications(applications[id], row["netsuite_currency_precision"])
                if any(claim.doc is None for claim in claims):
                    raise CannotBuild("its invoice is not in NetSuite any more; run the extract and transform again")
                body = bodies.credit_memo(row, lines[id], taxes[id], _apply(claims), fields[id])
                return _record("creditMemo", row, lambda: body, applications=claims)

            yield [_or_problem("creditMemo", row, build) for row in rows]

    def refunds(self) -> Iterator[list[Record]]:
        columns = (
            "external_id, currency, netsuite_customer_id, netsuite_currency_id, netsuite_currency_precision, netsuite_account_id, "
            "netsuite_receivables_account_id, netsuite_subsidiary_id, netsuite_posting_period_id, tran_date, memo_text, amount_minor, "
            "amount, linked_amount_minor"
        )
        for rows in self._chunks("customer_refunds", columns, _to_post("customerRefund"), "tran_date, external_id"):
            ids = _ids(rows)
            applications = self._by_record(
                "select target_external_id as external_id, netsuite_memo_id as doc, external_id as doc_external_id, "
                f"sum(amount) as amount from marts.credit_memo_applications where application_type = 'customer_refund' and {WANTED} "
                "and list_contains(?, target_external_id) group by all order by all", ids,
            )  # fmt: skip
            fields = self._fields("customerRefund", ids)

            def build(row: Row) -> Record:
                claims = _applications(applications[row["external_id"]], row["netsuite_currency_precision"])
                body = bodies.customer_refund(row, bodies.apply([]), fields[row["external_id"]])
                return _record(
                    "customerRefund", row, lambda: body, applications=claims, total=_sum(claims),
                    cap=_major(row["linked_amount_minor"], row["amount_minor"], row["amount"]),
                )  # fmt: skip

            yield [_or_problem("customerRefund", row, build) for row in rows if applications[row["external_id"]]]

    def journals(self) -> Iterator[list[Record]]:
        columns = (
            "external_id, currency, netsuite_currency_id, netsuite_currency_precision, netsuite_subsidiary_id, "
            "netsuite_posting_period_id, tran_date, memo_text, debit_netsuite_account_id, credit_netsuite_account_id, amount"
        )
        for rows in self._chunks("journal_entries", columns, _to_post("journalEntry"), "tran_date, external_id"):
            yield [_record("journalEntry", row, lambda row=row: bodies.journal_entry(row)) for row in rows]

    def late_applications(self) -> Iterator[list[Record]]:
        """Applications whose record is in NetSuite already: one Record for each memo or refund that is to get some."""
        for record_type, relation, owner_id, owner, doc, doc_external_id in (
            ("creditMemo", "credit_memos", "a.external_id", "a.netsuite_memo_id", "a.target_netsuite_id", "a.target_external_id"),
            ("customerRefund", "customer_refunds", "a.target_external_id", "a.target_netsuite_id", "a.netsuite_memo_id", "a.external_id"),
        ):
            kind = "invoice" if record_type == "creditMemo" else "customer_refund"
            cap = "r.linked_amount_minor" if record_type == "customerRefund" else "null"
            claims = (
                f"select {owner_id} as external_id, {owner} as internal_id, {doc} as doc, {doc_external_id} as doc_external_id, "
                f"a.amount, a.amount_minor, r.currency, r.netsuite_currency_precision, {cap} as linked_amount_minor, "
                "r.netsuite_customer_id, r.netsuite_currency_id from marts.credit_memo_applications a "
                f"inner join marts.{relation} r on r.external_id = {owner_id} "
                f"where a.application_type = '{kind}' and a.{WANTED} and {owner} is not null and {doc} is not null and not exists "
                f"(select 1 from load_netsuite.load_log l where l.run_id = ? and l.record_type = '{record_type}' "
                f"and l.external_id = {owner_id} and l.operation = 'apply' and l.status in ('rejected', 'unknown')) "
                "order by 1, doc"
            )
            rows = self._all(claims, [self._run_id])
            grouped: dict[str, list[Row]] = {}
            for row in rows:
                grouped.setdefault(row["external_id"], []).append(row)
            owners = list(grouped.values())
            for start in range(0, len(owners), CHUNK):
                yield [_or_problem(record_type, group[0], lambda row, group=group: _late(record_type, group)) for group in owners[start : start + CHUNK]]

    # ------------------------------------------------------------------------------------------ what was meant

    def meant(self, record_type: str, external_ids: Sequence[str]) -> dict[str, Row]:
        """external id → {total, cap, currency, scale} as the marts have it; `scale` is minor units per major unit."""
        relation, total, minor, cap = {
            "creditMemo": ("credit_memos", "amount", "amount_minor", "null"),
            "customerRefund": ("customer_refunds", "amount", "amount_minor", "linked_amount_minor"),
            "journalEntry": ("journal_entries", "amount", "amount_minor", "null"),
            "invoice": ("zero_amount_invoices", "cast(0 as decimal(22, 3))", "0", "null"),
        }[record_type]
        rows = self._all(
            f"select external_id, currency, {total} as total, {minor} as total_minor, {cap} as cap_minor "
            f"from marts.{relation} where list_contains(?, external_id)", [list(external_ids)],
        )  # fmt: skip
        for row in rows:
            row["scale"] = Decimal(row["total_minor"]) / row["total"] if row["total"] else None
            row["cap"] = _major(row["cap_minor"], row["total_minor"], row["total"])
        return {row["external_id"]: row for row in rows}

    # ------------------------------------------------------------------------------------------ reading

    def _chunks(self, relation: str, columns: str, wanted: str, order: str) -> Iterator[list[Row]]:
        """Rows of marts.<relation> in order, a chunk at a time. Which rows is settled at the start: what is posted
        meanwhile changes the views, not the list."""
        self._cursor.execute(
            "create or replace temp table to_post as select row_number() over (order by " + order + ") as position, external_id "
            f"from marts.{relation} as r where {wanted}"
        )
        ((count,),) = self._cursor.execute("select count(*) from to_post").fetchall()
        ids = [id for (id,) in self._cursor.execute("select external_id from to_post order by position").fetchall()] if count else []
        for start in range(0, len(ids), CHUNK):
            part = ids[start : start + CHUNK]
            rows = {
                row["external_id"]: row
                for row in self._all(f"select {columns} from marts.{relation} where list_contains(?, external_id)", [part])
            }
            yield [rows[id] for id in part if id in rows]

    def _fields(self, record_type: str, ids: Sequence[str]) -> defaultdict[str, list[Row]]:
        return self._by_record(
            "select external_id, line_number, netsuite_field, value_type, value from marts.netsuite_field_values "
            f"where record_type = '{record_type}' and value is not null and list_contains(?, external_id) "
            "order by external_id, line_number, netsuite_field", ids,
        )  # fmt: skip

    def _by_record(self, sql: str, ids: Sequence[str]) -> defaultdict[str, list[Row]]:
        grouped: defaultdict[str, list[Row]] = defaultdict(list)
        for row in self._all(sql, [ids]):
            grouped[row["external_id"]].append(row)
        return grouped

    def _all(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        result = self._cursor.execute(sql, list(parameters))
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


STEPS: tuple[tuple[str, Reader], ...] = (
    ("items to create", Marts.items),
    ("zero-amount invoices", Marts.zero_invoices),
    ("credit memos", Marts.memos),
    ("customer refunds", Marts.refunds),
    ("late applications", Marts.late_applications),
    ("journal entries", Marts.journals),
)

PRESENT = "('created', 'adopted')"
WANTED = "state in ('ready', 'blocked') and (state = 'ready' or reason in ('netsuite_rejected', 'netsuite_differs'))"


def _to_post(record_type: str) -> str:
    """Ready; or refused or found to differ by the loader itself, and not there yet: one more chance."""
    return (
        "r.netsuite_internal_id is null and (r.state = 'ready' or (r.state = 'blocked' and (r.reason = 'netsuite_rejected' or "
        "(r.reason = 'netsuite_differs' and r.external_id in (select external_id from load_netsuite.load_log "
        f"where record_type = '{record_type}' and status = 'differs' and operation = 'look_up')))))"
    )


# ------------------------------------------------------------------------------------------ building


def _record(record_type: str, row: Row, body: Callable[[], Body], **more: Any) -> Record:
    more = {"total": _total(row)} | more
    common = {
        "record_type": record_type, "external_id": row["external_id"], "currency": row.get("currency"),
        "customer_id": row.get("netsuite_customer_id"), "currency_id": row.get("netsuite_currency_id"),
    }  # fmt: skip
    try:
        return Record(**common, body=body(), **more)
    except CannotBuild as problem:
        return Record(**common, problem=str(problem), **more)


def _or_problem(record_type: str, row: Row, build: Callable[[Row], Record]) -> Record:
    try:
        return build(row)
    except CannotBuild as problem:
        return Record(record_type, row["external_id"], currency=row.get("currency"), problem=str(problem))


def _late(record_type: str, group: Sequence[Row]) -> Record:
    first = group[0]
    return Record(
        record_type, first["external_id"], currency=first["currency"], internal_id=first["internal_id"],
        customer_id=first["netsuite_customer_id"], currency_id=first["netsuite_currency_id"],
        cap=_major(first["linked_amount_minor"], first["amount_minor"], first["amount"]),
        applications=_applications(group, first["netsuite_currency_precision"]),
    )  # fmt: skip


def _applications(rows: Sequence[Row], precision: int | None) -> tuple[Application, ...]:
    return tuple(
        Application(row["doc"], row["doc_external_id"], bodies.money(row["amount"], precision, f"the application to {row['doc_external_id']}"))
        for row in rows
    )


def _apply(claims: Sequence[Application]) -> Body | None:
    return bodies.apply((claim.doc, claim.amount) for claim in claims if claim.doc) if claims else None


def _sum(claims: Sequence[Application]) -> Decimal:
    return sum((claim.amount for claim in claims), Decimal(0))


def _total(row: Row) -> Decimal:
    return row.get("amount") or Decimal(0)


def _major(minor: int | None, sample_minor: int | None, sample: Decimal | None) -> Decimal | None:
    """A minor-unit amount in major units, by the scale of an amount that is known in both."""
    if minor is None or not sample_minor or not sample:
        return None
    return Decimal(minor) * sample / Decimal(sample_minor)


def _ids(rows: Sequence[Row]) -> list[str]:
    return [row["external_id"] for row in rows]
