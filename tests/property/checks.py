"""One world end to end: make histories, land them, run the real models, compare every mart row with the
oracle.

A difference names its customer, so that `reproduction` can print the seed and that one customer's objects.
"""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from sandbox.stripe.billing import Billing
from tests.property.histories import Books, Dice, History, Seeded, World, catalogue, landed, mappings_for
from tests.property.oracle import Document, Oracle, Row, decimals, first
from tests.support.warehouse import (
    MAPPING_HEADERS,
    NETSUITE_TABLES,
    STRIPE_TABLES,
    WITHOUT_TESTS,
    build,
    create_raw_tables,
    opened,
    project_with_mappings,
    run_dbt,
)

Obj = dict[str, Any]


@dataclass(frozen=True)
class Combination:
    """One set of settings, and the mapping files and books that go with it."""

    name: str
    variables: Obj = field(default_factory=dict)
    closed_until: date | None = None
    unknown_currency: str | None = None
    any_rate: bool = False
    missing_roles: Sequence[str] = ()
    accounts: Sequence[Obj] = ()
    starts: tuple[int, int] = (0, 150)  # first day of a history, counted from START


COMBINATIONS = (
    Combination("default"),
    Combination(
        "override",
        {
            "go_live_date": "2026-01-01",
            "accounting_timezone": "America/Los_Angeles",
            "tax_strategy": "suitetax_override",
            "period_end": "as_is",
            "discount_posting": "posting",
            "credit_note_date": "effective_at",
            "customer_balance_lines": "invoice_lines",
            "uncollectible_invoices": "as_paid",
            "customer_id_field": "custentity_stripe_id",
            "invoice_id_field": "custbody_stripe_id",
        },
        closed_until=date(2026, 2, 1),
        any_rate=True,
    ),
    Combination(
        "gross",
        {
            "line_amount_basis": "gross",
            "require_charge_for_remainder": False,
            "missing_item": "create",
            "customer_balance_lines": "balance_item",
            "closed_period": "block",
            "accounting_timezone": "Pacific/Auckland",
            "customer_balance_date": "applied_at",
        },
        closed_until=date(2026, 1, 1),
    ),
    Combination(
        "none",
        {
            "tax_strategy": "none",
            "pre_go_live_credit_notes": "income_account",
            "go_live_date": "2026-02-01",
            "missing_item": "block",
            "untaxed_tax_code": "5",
        },
        unknown_currency="isk",
        starts=(40, 90),
    ),
    Combination(
        "sparse",
        {
            "accounting_timezone": "Asia/Kolkata",
            "customer_balance_lines": "invoice_lines",
            "untaxed_tax_code": "5",
        },
        closed_until=date(2026, 2, 1),
        missing_roles=("billing_credit", "customer_balance"),
        accounts=[
            {"purpose": "refund", "currency": "usd", "netsuite_account_id": "13"},
            {"purpose": "refund", "currency": "huf", "netsuite_account_id": "14"},
            {"purpose": "item_income", "currency": "", "netsuite_account_id": "15"},
        ],
    ),
)


# ---------------------------------------------------------------------- making and landing


def dice_for(seed: int, combination: Combination, number: int) -> Dice:
    return Seeded(f"{seed}/{combination.name}/{number}")


def make(combination: Combination, dice: Iterable[tuple[int, Dice]]) -> World:
    """A world with one customer for each of the numbered dice."""
    billing = Billing(tick=0)
    shared = catalogue(billing)
    books = Books(
        unknown_currency=combination.unknown_currency,
        closed_until=combination.closed_until,
        fields="customer_id_field" in combination.variables,
    )
    mappings = mappings_for(
        shared,
        books,
        any_rate=combination.any_rate,
        missing_roles=combination.missing_roles,
        accounts=combination.accounts,
    )
    damage: list[Obj] = []
    numbers: dict[str, int] = {}
    for number, die in dice:
        history = History(die, billing, shared, combination.starts)
        customer = history.run()
        books.customer(die, billing, customer, number)
        numbers[customer] = number
        damage += history.damage
        billing.objects("events").clear()
    return World(landed(billing, damage), books.rows, mappings, numbers)


def land(world: World, warehouse: Path) -> None:
    with opened(warehouse) as connection:
        create_raw_tables(connection)
        for table in STRIPE_TABLES:
            _insert_stripe(connection, table, world.stripe[table].values())
        for table, columns in NETSUITE_TABLES.items():
            names, rows = columns.split(), world.netsuite.get(table, [])
            connection.execute(f"delete from raw_netsuite.{table}")
            _insert(
                connection,
                f"raw_netsuite.{table}",
                {n: pa.array([r.get(n) for r in rows], pa.string()) for n in names},
            )


def _insert_stripe(connection: duckdb.DuckDBPyConnection, table: str, objects: Iterable[Obj]) -> None:
    items = list(objects)
    connection.execute(f"delete from raw_stripe.{table}")
    moments = [datetime.fromtimestamp(i["created"], UTC) if i.get("created") else None for i in items]
    columns = {
        "id": pa.array([i["id"] for i in items], pa.string()),
        "parent_id": pa.array(
            [i["customer"] if table == "customer_balance_transactions" else None for i in items], pa.string()
        ),
        "created": pa.array(moments, pa.timestamp("us", "UTC")),
        "fetched_at": pa.array([datetime(2026, 10, 1, tzinfo=UTC)] * len(items), pa.timestamp("us", "UTC")),
        "api_version": pa.array(["2026-10-28.endive"] * len(items), pa.string()),
        "content_hash": pa.array([i["id"] for i in items], pa.string()),
        "payload": pa.array([json.dumps(i, separators=(",", ":")) for i in items], pa.string()),
    }
    _insert(connection, f"raw_stripe.{table}", columns)


def _insert(connection: duckdb.DuckDBPyConnection, table: str, columns: dict[str, pa.Array]) -> None:
    rows = pa.table(columns)
    connection.register("incoming", rows)
    names = ", ".join(columns)
    connection.execute(f"insert into {table} ({names}) select {names} from incoming")
    connection.unregister("incoming")


def mapping_texts(world: World) -> dict[str, str]:
    return {
        name: "\n".join(
            ",".join(str(row.get(c, "")) for c in header.split(",")) for row in world.mappings.get(name, [])
        )
        for name, header in MAPPING_HEADERS.items()
    }


MARTS = (
    "credit_outcomes",
    "credit_memos",
    "credit_memo_lines",
    "credit_memo_tax_details",
    "credit_memo_applications",
    "customer_refunds",
    "zero_amount_invoices",
    "zero_amount_invoice_lines",
    "journal_entries",
    "refund_reconciliation",
    "credit_balance_check",
)


def run_models(
    world: World, folder: Path, combination: Combination, *, project: Path | None = None, tests: bool = True
) -> dict[str, list[Obj]]:
    """Land the world, run the models (with their data tests), return the marts."""
    folder.mkdir(parents=True, exist_ok=True)
    warehouse = folder / "warehouse.duckdb"
    land(world, warehouse)
    project = project or project_with_mappings(folder, mapping_texts(world))
    if tests:
        build(project, warehouse, variables=combination.variables)
    else:
        run_dbt(WITHOUT_TESTS, project, warehouse, variables=combination.variables)
    return read_marts(warehouse)


def read_marts(warehouse: Path) -> dict[str, list[Obj]]:
    marts = {}
    with opened(warehouse) as connection:
        for mart in MARTS:
            cursor = connection.execute(f"select * from marts.{mart}")
            names = [column[0] for column in cursor.description]
            marts[mart] = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
    return marts


# ---------------------------------------------------------------------- comparing


@dataclass(frozen=True)
class Difference:
    what: str  # which comparison
    document: str
    customer: str
    expected: Any
    found: Any
    crowded: bool = False  # the customer has more than twelve ledger rows in one second

    def __str__(self) -> str:
        place = f"{self.what} of {self.document} ({self.customer})"
        return f"{place}:\n    expected {self.expected}\n    found    {self.found}"


def is_open_question(difference: Difference) -> bool:
    """A difference that is reported and not decided; it goes when rules or models say the same.

    B6: more than twelve ledger rows of a customer in one second are taken by id: a gap is seen that is none.
    """
    return difference.crowded


class Comparison:
    """Differences between the oracle's expectations and the marts."""

    def __init__(self, world: World, combination: Combination, marts: dict[str, list[Obj]]) -> None:
        self.world, self.marts = world, marts
        self.oracle = Oracle(world.stripe, world.mappings, world.netsuite, combination.variables)
        self.var = self.oracle.var
        self.found: list[Difference] = []
        seconds = Counter((r["customer"], r["created"]) for r in world.stripe["customer_balance_transactions"].values())
        self.crowded = {customer for (customer, _), rows in seconds.items() if rows > 12}
        self.memos = {row["external_id"]: row for row in marts["credit_memos"]}
        self.lines = _grouped(marts["credit_memo_lines"], "external_id", "line_number")
        self.details = _grouped(marts["credit_memo_tax_details"], "external_id", "detail_number")
        self.applications = _grouped(marts["credit_memo_applications"], "external_id", "application_type")
        self.outcomes = {row["document_id"]: row for row in marts["credit_outcomes"]}
        self._outcomes()
        for document in self.oracle.documents.values():
            row = self.outcomes.get(document.id)
            if row is None or row["state"] != document.state:
                continue
            if document.items_uncertain and row["reason"] != document.reason:
                continue
            if document.type == "negative_invoice":
                self._zero_invoice(document)
            elif "invoice_before_go_live" in document.findings:
                continue  # G2: no memo
            elif document.memo and document.state != "skipped" and not document.journals:
                self._memo(document)
                self._rows(document)
                self._applications(document)
                self._laws(document)
            elif document.journals:
                self._journals(document)
        self._refunds()
        self._reconciliation()
        self._world_laws()

    def _differs(self, what: str, document: str, customer: str, expected: Any, found: Any) -> None:
        if expected != found:
            self.found.append(Difference(what, document, customer, expected, found, customer in self.crowded))

    def _outcomes(self) -> None:
        for id in self.oracle.documents.keys() | self.outcomes.keys():
            document, row = self.oracle.documents.get(id), self.outcomes.get(id)
            if document is None or row is None:
                customer = document.customer if document else row["stripe_customer_id"]  # type: ignore[index]
                self._differs("existence", id, customer, document and _short(document), row)
                continue
            if document.items_uncertain and {"balance_from_payment", "item_unmapped"} & {
                document.reason,
                row["reason"],
            }:
                continue  # more than one order of the ledger is possible
            expected = (
                document.type,
                document.customer,
                document.invoice,
                document.currency,
                document.amount,
                document.id,
                document.state,
                document.reason,
            )
            found = tuple(
                row[c]
                for c in (
                    "document_type",
                    "stripe_customer_id",
                    "stripe_invoice_id",
                    "currency",
                    "amount_minor",
                    "external_id",
                    "state",
                    "reason",
                )
            )
            self._differs("outcome", id, document.customer, expected, found)
            self._differs("detail", id, document.customer, True, bool(row["detail"]))

    def _memo(self, document: Document) -> None:
        row = self.memos.get(document.id)
        if row is None:
            self._differs("memo", document.id, document.customer, "a row", None)
            return
        amount = Decimal(document.memo or 0).scaleb(-decimals(document.currency))
        self._differs(
            "memo amount",
            document.id,
            document.customer,
            (document.memo, amount),
            (row["amount_minor"], row["amount"]),
        )
        if document.state != "ready":
            return
        target = self.oracle.transactions[document.netsuite_invoice or ""]
        expected = (
            document.netsuite_customer,
            document.netsuite_invoice,
            target["account"],
            target["subsidiary"],
            self.oracle.precisions[document.currency],
            self.var["tax_strategy"] == "suitetax_override",
        )
        found = tuple(
            row[c]
            for c in (
                "netsuite_customer_id",
                "netsuite_invoice_id",
                "netsuite_account_id",
                "netsuite_subsidiary_id",
                "netsuite_currency_precision",
                "tax_details_override",
            )
        )
        self._differs("memo identity", document.id, document.customer, expected, found)
        if document.tran_date:
            self._differs("memo date", document.id, document.customer, document.tran_date, row["tran_date"])
        self._text(document, row["memo_text"])

    def _text(self, document: Document, text: str) -> None:
        """C3, C7, X4: whole additions, at most 999 characters."""
        additions = []
        if any(part.type == "out_of_band" for part in document.applications):
            additions.append("out-of-band")
        if document.original_date:
            additions.append(f"Original transaction date: {document.original_date}")
        if not additions:
            self._differs("memo text", document.id, document.customer, document.text[:999], text)
            return
        base = document.text if len(document.text) < 600 else document.text[:600]
        good = text.startswith(base) and len(text) <= 999 and all(a.lower() in text.lower() for a in additions)
        self._differs(
            "memo text",
            document.id,
            document.customer,
            (base, additions, True),
            (text, len(text), good) if not good else (base, additions, True),
        )

    def _rows(self, document: Document) -> None:
        if document.state != "ready" and (
            document.findings & {"lines_do_not_add_up", "parts_do_not_add_up", "tax_rate_unmapped"}
        ):
            return
        if document.items_uncertain and self.var["customer_balance_lines"] == "auto":
            return
        found = self.lines.get(document.id, [])
        if not found and document.state != "ready":
            return
        expected = [self._expected_row(row, document) for row in document.rows]
        got = [self._found_row(row, document) for row in found]
        if document.state != "ready":  # amounts only: what has no item yet may still lack one
            expected, got = [(r[0], r[3]) for r in expected], [(r[0], r[3]) for r in got]
        self._differs("lines", document.id, document.customer, expected, got)
        self._differs(
            "line amounts",
            document.id,
            document.customer,
            [Decimal(r["amount_minor"]).scaleb(-decimals(document.currency)) for r in found],
            [r["amount"] for r in found],
        )
        if document.state != "ready":
            return
        for row in found:
            # L11; reading: a gross line with a tax carries that rate's code, so it says nothing about being
            # untaxed.
            gross_taxed = self.var["line_amount_basis"] == "gross" and row["stripe_tax_rate_id"]
            if gross_taxed:
                code = (self.oracle._tax_row(row["stripe_tax_rate_id"]) or {}).get("netsuite_tax_code_id")
                self._differs("tax code", document.id, document.customer, code, row["netsuite_tax_code_id"])
            elif self.var["tax_strategy"] != "none" or document.type == "balance_use":
                # reading: "isTaxable: false; with untaxed_tax_code, that code": the code may stand alone.
                got = (
                    bool(row["is_taxable"]) or (row["is_taxable"] is None and not self.var["untaxed_tax_code"]),
                    row["netsuite_tax_code_id"],
                )
                self._differs("untaxed", document.id, document.customer, (False, self.var["untaxed_tax_code"]), got)
        lines = {row["line_number"]: row for row in found}
        kept = [d for d in self.details.get(document.id, [])]
        want_details = [(d.rate, d.amount, d.line, d.code, d.type) for d in document.details]
        got_details = [
            (
                d["stripe_tax_rate_id"],
                d["amount_minor"],
                lines.get(d["line_number"], {}).get("stripe_line_id"),
                d["netsuite_tax_code_id"],
                d["netsuite_tax_type_id"],
            )
            for d in kept
        ]
        self._differs("tax details", document.id, document.customer, want_details, got_details)
        for want, got in zip(document.details, kept, strict=False):
            if want.basis is not None:
                self._differs("tax basis", document.id, document.customer, want.basis, got["tax_basis_minor"])

    def _expected_row(self, row: Row, document: Document) -> tuple[Any, ...]:
        text = (row.description or None) and (row.description or "")[:4000]
        period = (row.period_start, row.period_end)
        return (
            row.kind,
            row.item,
            row.item_external_id,
            row.amount,
            row.line,
            *(
                (row.quantity, text, *period)
                if row.kind == "item"
                else (text, *period)
                if row.kind == "balance"
                else (text,)
                if row.kind == "custom"
                else ()
            ),
            row.rate if row.kind == "tax" else None,
        )

    def _found_row(self, row: Obj, document: Document) -> tuple[Any, ...]:
        kind, text, period = (
            row["line_kind"],
            row["description"] or None,
            (row["period_start"], row["period_end"]),
        )
        if kind == "balance" and row["stripe_line_id"] is None:
            text = None  # no rule says what the balance item's line is called
        return (
            kind,
            row["netsuite_item_id"],
            row["item_external_id"],
            row["amount_minor"],
            row["stripe_line_id"],
            *(
                (row["quantity"], text, *period)
                if kind == "item"
                else (text, *period)
                if kind == "balance"
                else (text,)
                if kind == "custom"
                else ()
            ),
            row["stripe_tax_rate_id"] if kind == "tax" else None,
        )

    def _applications(self, document: Document) -> None:
        expected = sorted((p.type, p.target or "", p.amount) for p in document.applications)
        rows = self.applications.get(document.id, [])
        found = sorted((r["application_type"], r["target_external_id"] or "", r["amount_minor"]) for r in rows)
        self._differs("applications", document.id, document.customer, expected, found)
        if expected != found:
            return
        states = sorted(
            (p.type, p.target or "", p.state, p.reason) for p in document.applications if p.type != "out_of_band"
        )
        got = sorted(
            (r["application_type"], r["target_external_id"] or "", r["state"], r["reason"])
            for r in rows
            if r["application_type"] != "out_of_band"
        )
        self._differs("application states", document.id, document.customer, states, got)

    def _laws(self, document: Document) -> None:
        """Lines + tax rows = memo; applications + open part = memo, from the marts alone."""
        memo = self.memos.get(document.id)
        if memo is None or document.state != "ready":
            return
        lines = sum(r["amount_minor"] for r in self.lines.get(document.id, []))
        taxes = sum(r["amount_minor"] for r in self.details.get(document.id, []))
        if self.var["tax_strategy"] != "none" or document.type == "balance_use":
            self._differs(
                "law: lines + taxes = memo",
                document.id,
                document.customer,
                memo["amount_minor"],
                lines + taxes,
            )
        parts = sum(r["amount_minor"] for r in self.applications.get(document.id, []))
        self._differs("law: applications = memo", document.id, document.customer, memo["amount_minor"], parts)

    def _zero_invoice(self, document: Document) -> None:
        rows = [r for r in self._zero.get(document.id, [])]
        if document.state != "ready":
            return
        self._differs("zero invoice", document.id, document.customer, 1, len(rows))
        if not rows:
            return
        row = rows[0]
        customer = self.oracle.netsuite_customers[document.netsuite_customer or ""]
        expected = (
            document.netsuite_customer,
            customer["subsidiary"],
            customer["receivablesaccount"],
            document.adopts,
        )
        found = (
            row["netsuite_customer_id"],
            row["netsuite_subsidiary_id"],
            row["netsuite_account_id"],
            row["existing_netsuite_id"],
        )
        self._differs("zero invoice identity", document.id, document.customer, expected, found)
        if document.tran_date and not document.adopts:
            self._differs("zero invoice date", document.id, document.customer, document.tran_date, row["tran_date"])
        got = [
            (r["netsuite_item_id"], r["item_external_id"], r["quantity"]) for r in self._zero_lines.get(document.id, [])
        ]
        self._differs("zero invoice lines", document.id, document.customer, document.zero_rows, got)

    @property
    def _zero(self) -> dict[str, list[Obj]]:
        return _cached(self, "zero", lambda: _grouped(self.marts["zero_amount_invoices"], "external_id"))

    @property
    def _zero_lines(self) -> dict[str, list[Obj]]:
        return _cached(
            self,
            "zero_lines",
            lambda: _grouped(self.marts["zero_amount_invoice_lines"], "external_id", "line_number"),
        )

    def _journals(self, document: Document) -> None:
        rows = _cached(self, "journals", lambda: _grouped(self.marts["journal_entries"], "document_id", "external_id"))
        found = [(r["external_id"], r["amount_minor"], r["state"]) for r in rows.get(document.id, [])]
        expected = sorted((id, amount, document.state) for id, amount in document.journals)
        self._differs("journal entries", document.id, document.customer, expected, found)

    def _refunds(self) -> None:
        """R1, R3: one customer refund per refund; its amount is what is ready."""
        rows = {row["external_id"]: row for row in self.marts["customer_refunds"]}
        wrong = {d.document for d in self.found}
        linked: dict[str, list[Document]] = defaultdict(list)
        for document in self.oracle.documents.values():
            for part in document.applications:
                if part.type == "customer_refund":
                    linked[str(part.target)].append(document)
        for id, refund in self.oracle.refunds.items():
            if any(d.id in wrong for d in linked[id]):
                continue  # already reported
            customer = linked[id][0].customer
            row = rows.get(id)
            if refund.ready:
                found = row and (row["state"], row["amount_minor"], row["netsuite_account_id"])
                account = self.oracle.account("refund", linked[id][0].currency)
                self._differs("customer refund", id, customer, ("ready", refund.amount, account), found)
            elif row:
                self._differs(
                    "customer refund is not ready",
                    id,
                    customer,
                    True,
                    row["state"] not in ("ready", "posted"),
                )

    def _reconciliation(self) -> None:
        """G3: every refund in full, and each link once."""
        rows = _grouped(self.marts["refund_reconciliation"], "stripe_refund_id")
        links: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for note in self.world.stripe["credit_notes"].values():
            for entry in note["refunds"]:
                if entry["type"] != "payment_record_refund":
                    links[entry["refund"]][note["id"]] += entry["amount_refunded"]
        for id, refund in self.world.stripe["refunds"].items():
            linked = links.get(id, {})
            expected = sorted(
                [*linked.items()] + ([("", rest)] if (rest := refund["amount"] - sum(linked.values())) else [])
            )
            found = sorted((r["stripe_credit_note_id"] or "", r["amount_minor"]) for r in rows.get(id, []))
            self._differs("reconciliation", id, refund["customer"], expected, found)
            for row in rows.get(id, []):
                document = self.oracle.documents.get(row["stripe_credit_note_id"] or "")
                by_hand = (
                    document is None
                    or self.oracle.before_go_live(refund["created"])
                    or document.reason == "invoice_before_go_live"
                )
                if by_hand and (document is None or document.state != "skipped"):
                    self._differs("representation", id, refund["customer"], "match_by_hand", row["representation"])

    def _world_laws(self) -> None:
        sums: dict[str, int] = defaultdict(int)
        for document in self.oracle.documents.values():
            sums[document.currency] += document.amount
        found: dict[str, int] = defaultdict(int)
        for row in self.outcomes.values():
            found[row["currency"]] += row["amount_minor"]
        self._differs("law: documents = sum over states (O2)", "", "", dict(sums), dict(found))
        on_invoice: dict[str, int] = defaultdict(int)
        for row in self.memos.values():
            if row["document_type"] == "credit_note" and row["state"] in ("ready", "posted"):
                on_invoice[row["stripe_invoice_id"]] += row["amount_minor"]
        for id, amount in on_invoice.items():
            invoice = self.world.stripe["invoices"][id]
            if amount > invoice["total"]:
                self._differs(
                    "law: memos on an invoice <= its total", id, invoice["customer"], invoice["total"], amount
                )
        ledger: dict[tuple[str, str], int] = defaultdict(int)
        for row in self.world.stripe["customer_balance_transactions"].values():
            ledger[row["customer"], row["currency"]] += row["amount"]
        for row in self.marts["credit_balance_check"]:
            key = (row["stripe_customer_id"], row["currency"])
            self._differs("law: ledger sum", row["currency"], key[0], ledger.get(key, 0), row["balance_minor"])
            self._differs(
                "ledger complete",
                row["currency"],
                key[0],
                key not in self.oracle.incomplete,
                row["is_complete"],
            )
            if row["is_complete"]:
                self._differs(
                    "law: running sum = ending balance",
                    row["currency"],
                    key[0],
                    row["balance_minor"],
                    row["ending_balance_minor"] or 0,
                )


def _cached(holder: Any, name: str, make_it: Any) -> Any:
    cache = holder.__dict__.setdefault("_cache", {})
    if name not in cache:
        cache[name] = make_it()
    return cache[name]


def _grouped(rows: list[Obj], key: str, order: str | None = None) -> dict[str, list[Obj]]:
    groups: dict[str, list[Obj]] = defaultdict(list)
    for row in sorted(rows, key=lambda r: r[order]) if order else rows:
        groups[row[key]].append(row)
    return groups


def _short(document: Document) -> tuple[Any, ...]:
    return document.type, document.invoice, document.amount, document.state, document.reason


def compare(world: World, combination: Combination, marts: dict[str, list[Obj]]) -> list[Difference]:
    return Comparison(world, combination, marts).found


# ---------------------------------------------------------------------- when something differs


def reproduction(world: World, combination: Combination, seed: int, differences: Sequence[Difference]) -> str:
    """The smallest customer with a difference: how to make it again, and its objects."""
    by_customer: dict[str, list[Difference]] = defaultdict(list)
    for difference in differences:
        by_customer[difference.customer].append(difference)
    sizes = {c: len(json.dumps(objects_of(world, c))) for c in list(by_customer)[:200] if c}
    lines = [f"{len(differences)} differences, {len(by_customer)} customers; by kind: {_counts(differences)}"]
    if not sizes:
        return "\n".join(lines + [str(d) for d in differences[:5]])
    customer = min(sizes, key=lambda c: sizes[c])
    lines += [f"again: python -m tests.property.reproduce {combination.name} {seed} {world.history_of[customer]}"]
    lines += [str(d) for d in by_customer[customer][:5]]
    lines += [f"{kind}: {json.dumps(obj)}" for kind, objs in objects_of(world, customer).items() for obj in objs]
    return "\n".join(lines)


def _counts(differences: Sequence[Difference]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for difference in differences:
        counts[difference.what] += 1
    return dict(counts)


def objects_of(world: World, customer: str) -> dict[str, list[Obj]]:
    """One customer's objects, without what is empty."""
    invoices = {i["id"] for i in world.stripe["invoices"].values() if i["customer"] == customer}
    found = {"invoice": [_bare(i) for i in world.stripe["invoices"].values() if i["id"] in invoices]}
    found["credit_note"] = [_bare(n) for n in world.stripe["credit_notes"].values() if n["customer"] == customer]
    found["ledger"] = [
        _bare(r) for r in world.stripe["customer_balance_transactions"].values() if r["customer"] == customer
    ]
    found["payment"] = [_bare(p) for p in world.stripe["invoice_payments"].values() if p["invoice"] in invoices]
    found["refund"] = [_bare(r) for r in world.stripe["refunds"].values() if r["customer"] == customer]
    found["netsuite customer"] = [r for r in world.netsuite["customers"] if r.get("externalid") == customer]
    found["netsuite invoice"] = [r for r in world.netsuite["transactions"] if r.get("externalid") in invoices]
    return found


NOISE = (
    "url",
    "pdf",
    "hosted_invoice_url",
    "invoice_pdf",
    "tax_rates",
    "customer_name",
    "customer_email",
    "parent",
    "issuer",
    "automatic_tax",
    "payment_settings",
    "destination_details",
    "account_name",
    "livemode",
    "rate",
    "source",
)


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _bare(v) for k, v in value.items() if v not in (None, [], {}, "", False) and k not in NOISE}
    if isinstance(value, list):
        return [_bare(v) for v in value]
    return value if not isinstance(value, str) or len(value) < 80 else value[:80] + "..."


def figures(world: World, oracle: Oracle) -> Iterator[str]:
    """How much of each state a world holds, so that nobody tests an empty set."""
    counts: dict[str, int] = defaultdict(int)
    for document in oracle.documents.values():
        counts[f"{document.type} {first(document.findings)[1]}"] += 1
    yield from (f"{name}: {count}" for name, count in sorted(counts.items()))


__all__ = [
    "COMBINATIONS",
    "Combination",
    "Comparison",
    "Difference",
    "compare",
    "make",
    "reproduction",
    "run_models",
    "time",
]
