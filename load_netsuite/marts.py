"""Reads the rows of the marts that are ready to be posted, in chunks (flat memory) and in the order of a push (P3).

The loader asks for rows whose `state` is `ready` and knows no other rule. (A row that NetSuite refused is `ready`
again after the next transform: once per run, P4.)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import groupby
from typing import Any, TypeVar

from load_netsuite import bodies
from load_netsuite.bodies import Row
from load_netsuite.journal import NO_EFFECT_SEEN, PRESENT
from load_netsuite.records import Record, held_record, late_record, major_units, memo_of, record_of, refund_of
from warehouse.query import Warehouse, ask, ask_by_name

CHUNK = 500  # records in memory at a time; their look-up is one SuiteQL query

T = TypeVar("T")

READY = "r.state = 'ready' and r.netsuite_internal_id is null"
HELD = (
    "r.state in ('waiting', 'blocked') and r.netsuite_internal_id is null and r.netsuite_customer_id is not null "
    "and r.netsuite_currency_id is not null"
)

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
    "currency, netsuite_customer_id, netsuite_currency_id, netsuite_currency_precision, "
    "netsuite_subsidiary_id, netsuite_account_id, netsuite_posting_period_id, tran_date, memo_text, "
    "tax_details_override, amount, existing_netsuite_id, is_connector"
)
CREDIT_MEMO_LINE = (
    "line_number, netsuite_item_id, item_external_id, description, quantity, amount, is_gross, is_taxable, "
    "netsuite_tax_code_id, period_start, period_end, revenue_start_field, revenue_end_field"
)
TAX_DETAIL = "line_number, netsuite_tax_code_id, netsuite_tax_type_id, amount, tax_basis, tax_rate_percent"
CUSTOMER_REFUND = (
    "currency, netsuite_customer_id, netsuite_currency_id, netsuite_currency_precision, "
    "netsuite_account_id, netsuite_receivables_account_id, netsuite_subsidiary_id, "
    "netsuite_posting_period_id, tran_date, memo_text, amount_minor, amount, linked_amount_minor, "
    "existing_netsuite_id, is_connector"
)
JOURNAL_ENTRY = (
    "external_id, currency, netsuite_currency_id, netsuite_currency_precision, netsuite_subsidiary_id, "
    "netsuite_posting_period_id, tran_date, memo_text, debit_netsuite_account_id, "
    "credit_netsuite_account_id, amount"
)

# The document that an application settles: an invoice (its target), or, seen from a refund, a memo.
DOCUMENT = {
    "target": "a.target_netsuite_id as doc, a.target_external_id as doc_external_id",
    "memo": "a.netsuite_memo_id as doc, a.document_id as doc_external_id",
}

# The columns with our external id of a record, by which the journal knows it. Elsewhere it is `external_id`, which here
# shows that of an adopted record of the Stripe Connector (K2).
KEYS = {
    "credit_memos": "document_id",
    "credit_memo_lines": "document_id",
    "credit_memo_tax_details": "document_id",
    "customer_refunds": "stripe_refund_id",
}

# Earlier documents are applied to an invoice first (C5, C6).
IN_ORDER_OF_CREATION = (
    "(select min(o.created_at) from marts.credit_outcomes as o where o.document_id = r.document_id), r.document_id"
)


@dataclass(frozen=True)
class ExpectedTotal:
    """The total of a record as the marts have it, in major units of `currency`.

    cap: the most that a refund may grow to (R3) · minor_units: minor units per major unit; None where the total does
    not tell.
    """

    total: Decimal | None
    cap: Decimal | None
    currency: str | None = None
    minor_units: Decimal | None = None


class Marts:
    """Reads one warehouse. run_id: applications that failed in this run are not offered again."""

    def __init__(self, warehouse: Warehouse, run_id: str = "") -> None:
        self._cursor = warehouse.cursor()
        self._run_id = run_id

    # ------------------------------------------------------------ records

    def items(self) -> Iterator[list[Record]]:
        """Service items, one for each price without an item (var `missing_item: create`)."""
        posted = (
            "select external_id from load_netsuite.load_log "
            f"where record_type = 'serviceSaleItem' and status in {PRESENT}"
        )
        for rows in self._chunks("items_to_create", ITEM, f"external_id not in ({posted})", "external_id"):
            fields = self._fields_of(rows, "serviceSaleItem")
            yield [
                record_of("serviceSaleItem", row, partial(bodies.service_sale_item, row, fields[row["external_id"]]))
                for row in rows
            ]

    def zero_invoices(self) -> Iterator[list[Record]]:
        """Invoices with a total of zero (N1)."""
        for rows in self._chunks("zero_amount_invoices", ZERO_INVOICE, READY, "tran_date, external_id"):
            lines = self._parts_of(rows, "zero_amount_invoice_lines", ZERO_INVOICE_LINE, "line_number")
            fields = self._fields_of(rows, "invoice")
            yield [
                record_of(
                    "invoice",
                    row,
                    partial(bodies.zero_invoice, row, lines[row["external_id"]], fields[row["external_id"]]),
                    existing_id=row["existing_netsuite_id"],
                )
                for row in rows
            ]

    def memos(self) -> Iterator[list[Record]]:
        """Credit memos, each with its applications to invoices."""
        for rows in self._chunks("credit_memos", CREDIT_MEMO, READY, IN_ORDER_OF_CREATION):
            lines = self._parts_of(rows, "credit_memo_lines", CREDIT_MEMO_LINE, "line_number")
            taxes = self._parts_of(rows, "credit_memo_tax_details", TAX_DETAIL, "line_number, detail_number")
            fields = self._fields_of(rows, "creditMemo")
            applied = self._applications_of(rows, "invoice", of="document_id", on="target")
            yield [
                memo_of(row, lines[id], taxes[id], fields[id], applied[id])
                for row in rows
                for id in (row["external_id"],)
            ]

    def refunds(self) -> Iterator[list[Record]]:
        """Customer refunds, each with its applications to memos."""
        for rows in self._chunks("customer_refunds", CUSTOMER_REFUND, READY, "tran_date, stripe_refund_id"):
            fields = self._fields_of(rows, "customerRefund")
            applied = self._applications_of(rows, "customer_refund", of="target_external_id", on="memo")
            yield [
                refund_of(row, fields[id], applied[id]) for row in rows for id in (row["external_id"],) if applied[id]
            ]

    def journals(self) -> Iterator[list[Record]]:
        """Journal entries."""
        for rows in self._chunks("journal_entries", JOURNAL_ENTRY, READY, "tran_date, external_id"):
            fields = self._fields_of(rows, "journalEntry")
            yield [
                record_of("journalEntry", row, partial(bodies.journal_entry, row, fields[row["external_id"]]))
                for row in rows
            ]

    def late_applications(self) -> Iterator[list[Record]]:
        """Applications whose record is in NetSuite already: one Record for each memo or refund that gets some."""
        yield from self._late("creditMemo", "invoice", of="document_id", at="netsuite_memo_id", on="target")
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
            f"and record_type = '{record_type}' and status in ('rejected', 'unknown') "
            f"and coalesce(error_code, '') <> '{NO_EFFECT_SEEN}'"
        )
        wanted = (
            f"a.application_type = '{kind}' and a.{at} is not null and a.{of} not in ({failed}) and a.state = 'ready'"
        )
        ids = self._column(
            f"select distinct a.{of} from marts.credit_memo_applications as a where {wanted} order by 1", [self._run_id]
        )
        for part in in_chunks(ids):
            rows = self._all(
                f"select a.{of} as external_id, a.{at} as internal_id, {DOCUMENT[on]}, a.amount, "
                f"a.amount_minor, r.currency, r.netsuite_currency_precision, {cap} as linked_amount_minor, "
                "r.netsuite_customer_id, r.netsuite_currency_id, r.is_connector "
                "from marts.credit_memo_applications as a "
                f"inner join marts.{relation} as r on r.{KEYS[relation]} = a.{of} where {wanted} and "
                f"a.{of} in (select unnest(?::varchar[])) order by 1, doc",
                [self._run_id, part],
            )
            yield [
                late_record(record_type, list(applied)) for _, applied in groupby(rows, lambda row: row["external_id"])
            ]

    # ------------------------------------------------------------ records that are not to be posted now

    def held_memos(self) -> Iterator[list[Record]]:
        """Memos that wait or are blocked and are not in NetSuite by the journal. They have no body: a lost warehouse
        may have posted them (O3: posted wins)."""
        columns = "currency, netsuite_customer_id, netsuite_currency_id, amount"
        for rows in self._chunks("credit_memos", columns, HELD, "r.document_id"):
            applied = self._applications_of(rows, "invoice", of="document_id", on="target", state=None)
            yield [held_record("creditMemo", row, applied[row["external_id"]]) for row in rows]

    def held_refunds(self) -> Iterator[list[Record]]:
        """As `held_memos`, of customer refunds."""
        columns = "currency, netsuite_customer_id, netsuite_currency_id, linked_amount_minor"
        for rows in self._chunks("customer_refunds", columns, HELD, "r.stripe_refund_id"):
            applied = self._applications_of(rows, "customer_refund", "target_external_id", on="memo", state=None)
            yield [held_record("customerRefund", row, applied[row["external_id"]]) for row in rows]

    def held_names(self) -> list[str]:
        """Our external ids of memos that are not in NetSuite by the journal: held, ready, or skipped by a person."""
        return self._column(
            "select document_id from marts.credit_memos where netsuite_internal_id is null union "
            "select document_id from marts.credit_outcomes where netsuite_internal_id is null and "
            "document_type <> 'negative_invoice' and reason in ('skipped_by_hand', 'integration_blocked_by_metadata')"
        )

    def currencies(self) -> dict[str, tuple[str, int | None]]:
        """NetSuite's id of a currency → its code, and the decimals that NetSuite keeps."""
        rows = self._all(
            "select distinct netsuite_currency_id as id, currency, netsuite_currency_precision as decimals "
            "from marts.credit_memos where netsuite_currency_id is not null"
        )
        return {row["id"]: (row["currency"], row["decimals"]) for row in rows}

    # ------------------------------------------------------------ expected totals

    def expected_totals(self, record_type: str, external_ids: Sequence[str]) -> dict[str, ExpectedTotal]:
        """external id → the total that its record must show; records that the marts no longer have are left out."""
        relation, total, minor, cap = {
            "creditMemo": ("credit_memos", "amount", "amount_minor", "null"),
            "customerRefund": ("customer_refunds", "amount", "amount_minor", "linked_amount_minor"),
            "journalEntry": ("journal_entries", "amount", "amount_minor", "null"),
            "invoice": ("zero_amount_invoices", "cast(0 as decimal(22, 3))", "0", "null"),
        }[record_type]
        key = KEYS.get(relation, "external_id")
        rows = self._all(
            f"select {key} as external_id, currency, {total} as total, {minor} as total_minor, {cap} as cap_minor "
            f"from marts.{relation} where {key} in (select unnest(?::varchar[]))",
            [list(external_ids)],
        )
        return {
            row["external_id"]: ExpectedTotal(
                total=row["total"],
                cap=major_units(row["cap_minor"], row["total_minor"], row["total"]),
                currency=row["currency"],
                minor_units=Decimal(row["total_minor"]) / row["total"] if row["total"] else None,
            )
            for row in rows
        }

    # ------------------------------------------------------------ reading

    def _chunks(self, relation: str, columns: str, wanted: str, order: str) -> Iterator[list[Row]]:
        """Rows of marts.<relation> in order, a chunk at a time. The list of ids is read at the start: posting changes
        the views meanwhile, not the list."""
        key = KEYS.get(relation, "external_id")
        ids = self._column(f"select r.{key} from marts.{relation} as r where {wanted} order by {order}")
        shown = columns if key == "external_id" else f"{key} as external_id, {columns}"
        for part in in_chunks(ids):
            sql = f"select {shown} from marts.{relation} where {key} in (select unnest(?::varchar[]))"
            rows = {row["external_id"]: row for row in self._all(sql, [part])}
            yield [rows[id] for id in part if id in rows]

    def _parts_of(self, owners: Sequence[Row], relation: str, columns: str, order: str) -> dict[str, list[Row]]:
        """Rows of marts.<relation> by the external id of their owner."""
        key = KEYS.get(relation, "external_id")
        return self._grouped(
            f"select {key} as external_id, {columns} from marts.{relation} where {key} in (select "
            f"unnest(?::varchar[])) order by 1, {order}",
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

    def _applications_of(
        self, owners: Sequence[Row], kind: str, of: str, on: str, state: str | None = "ready"
    ) -> dict[str, list[Row]]:
        """Applications to be made together with their record; state None: all of them."""
        wanted = f"and a.state = '{state}' " if state else ""
        return self._grouped(
            f"select a.{of} as external_id, {DOCUMENT[on]}, sum(a.amount) as amount, "
            "cast(sum(a.amount_minor) as bigint) as amount_minor from "
            f"marts.credit_memo_applications as a where a.application_type = '{kind}' {wanted}"
            f"and a.{of} in (select unnest(?::varchar[])) group by 1, 2, 3 order by 1, 2, 3",
            owners,
        )

    def _grouped(self, sql: str, owners: Sequence[Row]) -> defaultdict[str, list[Row]]:
        grouped: defaultdict[str, list[Row]] = defaultdict(list)
        for row in self._all(sql, [[row["external_id"] for row in owners]]):
            grouped[row["external_id"]].append(row)
        return grouped

    def _column(self, sql: str, parameters: Sequence[Any] = ()) -> list[str]:
        """All values of the only column: external ids, which alone stay in memory for every row (80 bytes each)."""
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


def in_chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """The values, at most `CHUNK` at a time."""
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]
