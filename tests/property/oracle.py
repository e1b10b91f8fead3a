"""The rules of rules.md a second time, plainly, without SQL: what must be expected of a world.

Written from rules.md, without the SQL. Nothing here is clever: integers, fractions, lists, one function per
rule. The readings of `_scaled` and `_gross` were settled after a first comparison had shown that the text
allows two.
A comment `reading:` says how a sentence was understood that can be read in more than one way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import floor
from typing import Any
from zoneinfo import ZoneInfo

Obj = dict[str, Any]

DEFAULTS: Obj = {
    "go_live_date": None,
    "pre_go_live_credit_notes": "manual",
    "uncollectible_invoices": "wait",
    "require_charge_for_remainder": True,
    "accounting_timezone": "UTC",
    "credit_note_date": "created",
    "customer_balance_date": "paid_at",
    "period_end": "inclusive",
    "closed_period": "first_open_day",
    "customer_balance_lines": "auto",
    "missing_item": "unallocated",
    "line_amount_basis": "amount",
    "discount_posting": "non_posting",
    "tax_strategy": "tax_lines",
    "untaxed_tax_code": None,
    "customer_id_field": None,
    "invoice_id_field": None,
}

# O1's table, in the order of O3: skipped, waiting for Stripe, blocked, waiting for NetSuite.
REASONS = {
    "skipped": (
        "skipped_by_hand",
        "integration_blocked_by_metadata",
        "credit_note_void",
        "invoice_void",
        "before_go_live",
        "kept_in_customer_balance",
        "balance_use_reversed",
        "debit_balance_collected",
    ),
    "waiting_stripe": ("invoice_open", "invoice_uncollectible", "remaining_charge_missing", "refund_pending"),
    "blocked": (
        "invoice_before_go_live",
        "invoice_customer_changed",
        "currency_mismatch",
        "parts_do_not_add_up",
        "lines_do_not_add_up",
        "exceeds_invoice_total",
        "invoice_remaining_too_low",
        "tax_rate_unmapped",
        "item_unmapped",
        "account_unmapped",
        "refund_failed",
        "period_closed",
        "currency_precision",
        "external_id_collision",
        "balance_ledger_incomplete",
        "balance_from_payment",
        "netsuite_rejected",
        "netsuite_differs",
    ),
    "waiting_netsuite": ("customer_not_in_netsuite", "invoice_not_in_netsuite", "currency_not_in_netsuite"),
}
PRECEDENCE = [(kind.partition("_")[0], reason) for kind, reasons in REASONS.items() for reason in reasons]

THREE_DECIMALS = ("bhd", "jod", "kwd", "omr", "tnd")
NO_DECIMALS = (
    "bif",
    "clp",
    "djf",
    "gnf",
    "jpy",
    "kmf",
    "krw",
    "mga",
    "pyg",
    "rwf",
    "vnd",
    "vuv",
    "xaf",
    "xof",
    "xpf",
)

APPLY = ("applied_to_invoice", "checkout_session_subscription_payment")
GIVE_BACK = ("unapplied_from_invoice", "checkout_session_subscription_payment_canceled")
CHECKOUT = ("checkout_session_subscription_payment", "checkout_session_subscription_payment_canceled")
CARRIED = ("invoice_too_small", "invoice_too_large")
FROM_PAYMENT = ("invoice_overpaid", "unspent_receiver_credit")


def split(amount: int, weights: Sequence[int], unit: int = 1) -> list[int]:
    """S1: floors of the exact shares, then one unit each to the largest fractions, ties to the earlier."""
    whole = sum(weights)
    exact = [Fraction(amount // unit * weight, whole) for weight in weights]
    shares = [floor(share) for share in exact]
    missing = amount // unit - sum(shares)
    by_fraction = sorted(range(len(weights)), key=lambda i: (-(exact[i] - floor(exact[i])), i))
    for i in by_fraction[:missing]:
        shares[i] += 1
    return [share * unit for share in shares]


def decimals(currency: str) -> int:
    """Decimals of Stripe's minor unit (X3). ISK and UGX are sent with two."""
    return 3 if currency in THREE_DECIMALS else 0 if currency in NO_DECIMALS else 2


@dataclass
class Component:
    """One part of a credit note before it becomes a row."""

    kind: str
    line: str | None
    amount: int
    group: int  # components of one Stripe line
    role: str | None = None  # default item
    price: str | None = None
    product: str | None = None
    coupon: str | None = None
    rate: str | None = None
    basis: int | None = None
    quantity: int | None = None
    description: str | None = None
    period: tuple[int, int] | None = None
    scaled: int = 0  # after C1 and S1
    stripe_amount: int = 0  # before L7

    def __post_init__(self) -> None:
        self.scaled = self.stripe_amount = self.amount


@dataclass
class Row:
    """A row of credit_memo_lines."""

    kind: str
    line: str | None
    item: str | None
    item_external_id: str | None
    amount: int
    quantity: int | None = None
    description: str | None = None
    period_start: date | None = None
    period_end: date | None = None
    rate: str | None = None


@dataclass
class Detail:
    """A row of credit_memo_tax_details."""

    rate: str
    amount: int
    line: str | None
    code: str | None
    type: str | None
    basis: int | None  # None: not exactly stated by the rules after scaling


@dataclass
class Application:
    type: str
    target: str | None
    amount: int
    state: str = ""
    reason: str = ""


@dataclass
class Document:
    id: str
    type: str
    customer: str
    invoice: str
    currency: str
    amount: int
    created: int
    memo: int | None = None  # amount of the memo, if it can have one
    findings: set[str] = field(default_factory=set)
    state: str = ""
    reason: str = ""
    rows: list[Row] = field(default_factory=list)
    details: list[Detail] = field(default_factory=list)
    applications: list[Application] = field(default_factory=list)
    tran_date: date | None = None
    original_date: date | None = None  # X4: before it was moved
    text: str = ""
    netsuite_customer: str | None = None
    netsuite_invoice: str | None = None
    zero_rows: list[tuple[str | None, str | None, int]] = field(default_factory=list)
    adopts: str | None = None
    journals: list[tuple[str, int]] = field(default_factory=list)
    items_uncertain: bool = False  # B4: the ledger's order inside one second is not unique


@dataclass
class Refund:
    """A row of customer_refunds."""

    id: str
    amount: int  # sum of what is ready
    ready: bool


class Oracle:
    """Expectations of one world."""

    def __init__(
        self,
        stripe: dict[str, dict[str, Obj]],
        mappings: dict[str, list[Obj]],
        netsuite: dict[str, list[Obj]],
        variables: Obj,
    ) -> None:
        self.stripe, self.mappings, self.netsuite = stripe, mappings, netsuite
        self.var = DEFAULTS | variables
        self.zone = ZoneInfo(self.var["accounting_timezone"])
        self.roles = {row["role"]: row["netsuite_item_id"] for row in mappings.get("default_items", [])}
        self.items = {row["stripe_id"]: row["netsuite_item_id"] for row in mappings.get("item_map", [])}
        self.taxes = {row["stripe_tax_rate_id"] or "": row for row in mappings.get("tax_map", [])}
        self.decisions = {row["document_id"]: row["decision"] for row in mappings.get("manual_decisions", [])}
        self.netsuite_items = {row["externalid"]: row["id"] for row in netsuite["items"] if row.get("externalid")}
        self.transactions = {row["id"]: row for row in netsuite["transactions"]}
        self.netsuite_customers = {row["id"]: row for row in netsuite["customers"]}
        self.by_field: dict[str, dict[str, Obj]] = {
            f"{table}.{column}": {row[column]: row for row in netsuite[table] if row.get(column)}
            for table in ("customers", "transactions")
            for column in ("externalid", "stripe_id")
        }
        self.customer_map = {
            r["stripe_customer_id"]: r["netsuite_customer_id"] for r in mappings.get("customer_map", [])
        }
        self.invoice_map = {r["stripe_invoice_id"]: r["netsuite_invoice_id"] for r in mappings.get("invoice_map", [])}
        self.symbols = {row["id"]: row["symbol"] for row in netsuite["currencies"]}
        self.precisions = {row["symbol"].lower(): int(row["currencyprecision"]) for row in netsuite["currencies"]}
        self.notes_of: dict[str, list[Obj]] = {}
        for note in sorted(stripe["credit_notes"].values(), key=lambda n: (n["created"], n["id"])):
            self.notes_of.setdefault(note["invoice"], []).append(note)
        self.payments_of: dict[str, list[Obj]] = {}
        for payment in stripe["invoice_payments"].values():
            self.payments_of.setdefault(payment["invoice"], []).append(payment)
        self.invoices_of: dict[tuple[str, str], list[Obj]] = {}
        for invoice in stripe["invoices"].values():
            self.invoices_of.setdefault((invoice["customer"], invoice["currency"]), []).append(invoice)
        self.coupons = {id: d["source"]["coupon"] for id, d in stripe["discounts"].items()}
        self.documents: dict[str, Document] = {}
        self.refunds: dict[str, Refund] = {}
        self._ledger()
        self._credit_notes()
        self._balance_uses()
        self._negative_invoices()
        self._remaining()
        self._settle()

    # ------------------------------------------------------------------ small things

    def day(self, moment: int) -> date:
        return datetime.fromtimestamp(moment, self.zone).date()

    def before_go_live(self, moment: int) -> bool:
        """G1: that day itself is after."""
        return bool(self.var["go_live_date"]) and self.day(moment) < date.fromisoformat(self.var["go_live_date"])

    def unit(self, currency: str) -> int:
        """X3, S1: NetSuite's smallest amount in Stripe's minor units, 1 where Stripe's is coarser."""
        precision = self.precisions.get(currency)
        return 1 if precision is None else 10 ** max(0, decimals(currency) - precision)

    def account(self, purpose: str, currency: str) -> str | None:
        """R1: the account of the currency, else the one of any currency."""
        found = {
            row["currency"] or "": row["netsuite_account_id"]
            for row in self.mappings.get("account_map", [])
            if row["purpose"] == purpose
        }
        return found.get(currency) or found.get("")

    def posting_date(self, document: Document, day: date) -> None:
        """X4."""
        moved = self.open_day(day)
        if moved == day:
            document.tran_date = day
        elif moved is None or self.var["closed_period"] == "block":
            document.findings.add("period_closed")
        else:
            document.tran_date, document.original_date = moved, day

    def open_day(self, day: date) -> date | None:
        """The first day from `day` on that lies in an open month; None if there is none."""
        days = []
        for period in self.netsuite["accounting_periods"]:
            if "T" in (period["isyear"], period["isquarter"], period["isadjust"], period["isinactive"]):
                continue
            if "T" in (period["closed"], period["arlocked"], period["alllocked"]):
                continue
            first, last = date.fromisoformat(period["startdate"]), date.fromisoformat(period["enddate"])
            if last >= day:
                days.append(max(first, day))
        return min(days, default=None)

    # ------------------------------------------------------------------ X1

    def customer_in_netsuite(self, id: str) -> str | None:
        metadata = self.stripe["customers"][id].get("metadata") or {}
        mapped = self.customer_map.get(id) or metadata.get("netsuite_customer_id")
        if mapped:
            return mapped if mapped in self.netsuite_customers else None
        found = self.by_field["customers.stripe_id"].get(id) if self.var["customer_id_field"] else None
        found = found or self.by_field["customers.externalid"].get(id)
        return found["id"] if found else None

    def invoice_in_netsuite(self, id: str) -> Obj | None:
        metadata = self.stripe["invoices"][id].get("metadata") or {}
        mapped = self.invoice_map.get(id) or metadata.get("netsuite_invoice_id")
        if mapped:
            return self.transactions.get(mapped)
        found = self.by_field["transactions.stripe_id"].get(id) if self.var["invoice_id_field"] else None
        return found or self.by_field["transactions.externalid"].get(id)

    def blocked_by_metadata(self, *objects: Obj) -> bool:
        values = [(obj.get("metadata") or {}).get("netsuite_block_integration") for obj in objects]
        return any(value not in (None, "", "false", "0") for value in values)

    def identity(self, document: Document) -> None:
        """C4, X1, X3: customer, invoice and currency in NetSuite."""
        document.netsuite_customer = self.customer_in_netsuite(document.customer)
        if document.netsuite_customer is None:
            document.findings.add("customer_not_in_netsuite")
        if document.currency not in self.precisions:
            document.findings.add("currency_not_in_netsuite")
        if document.type == "negative_invoice":
            return
        found = self.invoice_in_netsuite(document.invoice)
        if found is None:
            document.findings.add("invoice_not_in_netsuite")
            return
        document.netsuite_invoice = found["id"]
        if document.netsuite_customer is not None and found["entity"] != document.netsuite_customer:
            document.findings.add("invoice_customer_changed")
        if self.symbols[found["currency"]].lower() != document.currency:
            document.findings.add("currency_mismatch")

    # ------------------------------------------------------------------ the ledger: B1, B4, B6, B7

    def _ledger(self) -> None:
        ledgers: dict[tuple[str, str], list[Obj]] = {}
        for row in self.stripe["customer_balance_transactions"].values():
            ledgers.setdefault((row["customer"], row["currency"]), []).append(row)
        self.rows_of: dict[str, list[Obj]] = {}
        self.invoice_of_checkout: dict[str, str] = {}
        self.incomplete: set[tuple[str, str]] = set()
        self.leftover: dict[str, bool] = {}
        self.from_payment: set[str] = set()
        self.order_uncertain: set[tuple[str, str]] = set()
        keys = set(ledgers) | set(self.invoices_of)
        for key in sorted(keys):
            rows, broken, unique = in_chain_order(ledgers.get(key, []))
            self._attribute(key, rows)
            if broken:
                self.incomplete.add(key)
            if not unique:
                self.order_uncertain.add(key)
            for invoice in self.invoices_of.get(key, []):
                if self._arithmetic_applies(invoice) and self._lacking(invoice):
                    self.incomplete.add(key)
            self._leftovers(rows)
            self._sources(rows)

    def _arithmetic_applies(self, invoice: Obj) -> bool:
        return invoice["status"] not in ("draft", "void") and invoice["total"] >= 0

    def _attribute(self, key: tuple[str, str], rows: list[Obj]) -> None:
        """B1: rows to their invoices; checkout rows that name none to the one whose arithmetic lacks the
        amount.
        """
        for row in rows:
            if row["invoice"] and row["type"] in (*APPLY, *GIVE_BACK, *CARRIED):
                self.rows_of.setdefault(row["invoice"], []).append(row)
        for row in rows:
            if row["type"] in CHECKOUT and not row["invoice"]:
                lacking = [
                    i["id"]
                    for i in self.invoices_of.get(key, [])
                    if self._arithmetic_applies(i) and self._lacking(i) == row["amount"]
                ]
                if len(lacking) == 1:
                    self.rows_of.setdefault(lacking[0], []).append(row)
                    self.invoice_of_checkout[row["id"]] = lacking[0]

    def _lacking(self, invoice: Obj) -> int:
        """B6: total less pre-payment credit notes, use and carried rows, less what the invoice shows as
        due.
        """
        return (
            invoice["total"]
            - self._pre_payment(invoice)
            - self.use_of(invoice["id"])
            - self._carried(invoice)
            - invoice["amount_due"]
        )

    def _pre_payment(self, invoice: Obj) -> int:
        return sum(n["pre_payment_amount"] for n in self.notes_of.get(invoice["id"], []) if n["status"] == "issued")

    def _carried(self, invoice: Obj) -> int:
        return sum(r["amount"] for r in self.rows_of.get(invoice["id"], []) if r["type"] in CARRIED)

    def use_of(self, invoice: str) -> int:
        return sum(r["amount"] for r in self.rows_of.get(invoice, []) if r["type"] in (*APPLY, *GIVE_BACK))

    def _invoice_of_row(self, row: Obj) -> str | None:
        if row["invoice"]:
            return str(row["invoice"])
        return self.invoice_of_checkout.get(row["id"])

    def _leftovers(self, rows: list[Obj]) -> None:
        """B4: had the customer used some of the credit since it arrived, or is some left after this use?"""
        for position, row in enumerate(rows):
            if row["type"] not in APPLY or row["amount"] <= 0:
                continue
            used = 0
            for earlier in reversed(rows[:position]):
                if self._adds_credit(earlier):
                    break
                if earlier["type"] in (*APPLY, *GIVE_BACK):
                    used += earlier["amount"]
            invoice = self._invoice_of_row(row)
            if invoice:
                self.leftover[invoice] = used > 0 or row["ending_balance"] < 0

    def _adds_credit(self, row: Obj) -> bool:
        if row["amount"] >= 0 or row["type"] in GIVE_BACK:
            return False
        if row["type"] in APPLY:  # negative: a debit collected, unless the invoice itself is negative
            return bool(row["invoice"]) and self.stripe["invoices"][row["invoice"]]["total"] < 0
        return True

    def _sources(self, rows: list[Obj]) -> None:
        """B7: oldest credit first. reading: what a reversal gives back, it gives back to where it came
        from.
        """
        credits: list[list[Any]] = []  # [row, what is left of it], oldest first
        debt = 0
        taken: dict[str, list[tuple[int, int]]] = {}  # invoice -> (index of credit, amount), in order of use
        for row in rows:
            invoice, amount = self._invoice_of_row(row), row["amount"]
            if row["type"] in GIVE_BACK and amount < 0:
                back = -amount
                uses = taken.get(invoice or "", [])
                while back and uses:
                    index, used = uses.pop()
                    part = min(back, used)
                    credits[index][1] += part
                    back -= part
                    if used > part:
                        uses.append((index, used - part))
                amount = -back
                for credit in credits:  # a debit that waited takes the oldest of it
                    part = min(debt, credit[1])
                    credit[1] -= part
                    debt -= part
            if amount < 0:
                settles = min(debt, -amount)
                debt -= settles
                if -amount > settles:
                    credits.append([row, -amount - settles])
            elif amount > 0:
                for index, credit in enumerate(credits):
                    part = min(amount, credit[1])
                    if part:
                        credit[1] -= part
                        amount -= part
                        if row["type"] in APPLY and invoice:
                            taken.setdefault(invoice, []).append((index, part))
                debt += amount
        for invoice, uses in taken.items():
            if any(credits[index][0]["type"] in FROM_PAYMENT for index, _ in uses):
                self.from_payment.add(invoice)

    # ------------------------------------------------------------------ credit notes: C1-C7, G1, G2, R1-R4

    def _credit_notes(self) -> None:
        for invoice, notes in self.notes_of.items():
            documents = [self._credit_note(note, self.stripe["invoices"][invoice]) for note in notes]
            running, over = 0, False
            for document in documents:  # C5
                if first(document.findings)[0] == "skipped":
                    continue
                running += document.memo or 0
                over = over or running > self.stripe["invoices"][invoice]["total"]
                if over:
                    document.findings.add("exceeds_invoice_total")

    def _parts(self, note: Obj) -> tuple[list[Application], set[str]]:
        """C1, C6, C7, R2, R4: the parts of the memo, and what is wrong with the refunds."""
        parts, findings = [], set()
        out_of_band = note["out_of_band_amount"] or 0
        by_refund: dict[str, int] = {}
        for entry in note["refunds"]:
            if entry["type"] == "payment_record_refund":
                out_of_band += entry["amount_refunded"]
                continue
            failed = self.stripe["refunds"][entry["refund"]]["status"] in ("failed", "canceled")
            if failed and self.decisions.get(note["id"]) == "out_of_band":
                out_of_band += entry["amount_refunded"]
                continue
            if failed:
                findings.add("refund_failed")
            by_refund[entry["refund"]] = by_refund.get(entry["refund"], 0) + entry["amount_refunded"]
        if note["pre_payment_amount"]:
            parts.append(Application("invoice", note["invoice"], note["pre_payment_amount"]))
        parts += [Application("customer_refund", id, amount) for id, amount in by_refund.items() if amount]
        if out_of_band:
            parts.append(Application("out_of_band", None, out_of_band))
        return parts, findings

    def _credit_note(self, note: Obj, invoice: Obj) -> Document:
        document = Document(
            note["id"],
            "credit_note",
            note["customer"],
            invoice["id"],
            note["currency"],
            note["total"],
            note["created"],
        )
        self.documents[document.id] = document
        found = document.findings
        document.applications, wrong = self._parts(note)
        document.memo = sum(part.amount for part in document.applications)
        found |= wrong
        kept = note["total"] - document.memo
        own = note["customer_balance_transaction"]
        if kept != (-own["amount"] if own else 0):
            found.add("parts_do_not_add_up")
        if document.memo == 0:
            found.add("kept_in_customer_balance")
        if self.decisions.get(note["id"]) == "skip":
            found.add("skipped_by_hand")
        if self.blocked_by_metadata(note, invoice):
            found.add("integration_blocked_by_metadata")
        if note["status"] == "void":
            found.add("credit_note_void")
        if self.before_go_live(note["created"]):
            found.add("before_go_live")
        if invoice["status"] == "void":
            found.add("invoice_void")
        if invoice["status"] == "open":
            found.add("invoice_open")
        if invoice["status"] == "uncollectible" and self.var["uncollectible_invoices"] == "wait":
            found.add("invoice_uncollectible")
        self.identity(document)
        unit = self.unit(note["currency"])
        if any(part.amount % unit for part in document.applications):
            found.add("currency_precision")
        moment = note["created"]
        if self.var["credit_note_date"] == "effective_at":
            moment = note["effective_at"] or note["created"]
        self.posting_date(document, self.day(moment))
        document.text = f"Stripe: {note['id']}." + (f" {note['memo']}" if note["memo"] else "")
        refunds = [part for part in document.applications if part.type == "customer_refund"]
        if refunds and self.account("refund", note["currency"]) is None:
            found.add("account_unmapped")
        components = self._components(note, invoice)
        if sum(c.amount for c in components) != note["total"]:  # L10
            found.add("lines_do_not_add_up")
        elif document.memo > 0:
            self._scaled(document, components, note["total"])
        if self.before_go_live(invoice["status_transitions"]["finalized_at"]):
            found.add("invoice_before_go_live")
            if self.var["pre_go_live_credit_notes"] == "income_account":
                self._income_account(document, refunds)
        return document

    def _income_account(self, document: Document, refunds: list[Application]) -> None:
        """G2. reading: a note posted as journal entries has no memo, so what only a memo needs does not
        hold it up.
        """
        states = [self.stripe["refunds"][part.target] for part in refunds]
        whole = sum(part.amount for part in refunds) == document.memo
        fine = all(r["status"] == "succeeded" and not self.before_go_live(r["created"]) for r in states)
        accounts = self.account("refund", document.currency) and self.account("pre_go_live_income", document.currency)
        if not (refunds and whole and fine and accounts):
            return
        document.journals = [(f"{part.target}_{document.id}_income", part.amount) for part in refunds]
        document.findings -= {
            "invoice_before_go_live",
            "invoice_customer_changed",
            "currency_mismatch",
            "lines_do_not_add_up",
            "tax_rate_unmapped",
            "item_unmapped",
            "invoice_not_in_netsuite",
            "customer_not_in_netsuite",
            "period_closed",
        }
        if any(self.open_day(self.day(r["created"])) is None for r in states):
            document.findings.add("period_closed")
        moved = [self.open_day(self.day(r["created"])) != self.day(r["created"]) for r in states]
        if self.var["closed_period"] == "block" and any(moved):
            document.findings.add("period_closed")

    # ------------------------------------------------------------------ lines: L1-L11

    def _components(self, note: Obj, invoice: Obj) -> list[Component]:
        lines = note["lines"]["data"]
        shipping = note["shipping_cost"]
        of_invoice = {line["id"]: line for line in invoice["lines"]["data"]}
        components: list[Component] = []
        if lines:
            for line in lines:
                components += self._line(line, of_invoice.get(line.get("invoice_line_item") or ""), len(components))
        elif shipping and note["total"] == shipping["amount_total"]:
            pass  # only shipping
        elif note["total"] == invoice["total"]:  # L4: the invoice's own lines
            for line in invoice["lines"]["data"]:
                components += self._line(line, line, len(components))
            shipping = invoice["shipping_cost"]
        else:
            amount = note["total"] - (shipping["amount_total"] if shipping else 0)
            components.append(Component("whole_note", None, amount, 0, role="credit_note"))
        if shipping:
            components += self._shipping(shipping, len(components))
        return components

    def _line(self, line: Obj, source: Obj | None, group: int) -> list[Component]:
        """The item line (or custom line), its discounts, billing credits and taxes."""
        id = line["id"]
        taxes = merged(
            (t["tax_rate_details"]["tax_rate"], t["amount"], t["taxable_amount"], t["tax_behavior"])
            for t in line["taxes"] or []
        )
        inclusive = sum(amount for _, amount, _, behavior in taxes if behavior == "inclusive")
        if source is None:  # L3
            parts = [
                Component(
                    "custom",
                    id,
                    line["amount"],
                    group,
                    role="custom_credit_note_line",
                    description=line["description"],
                )
            ]
        else:
            details = (source.get("pricing") or {}).get("price_details") or {}
            quantity = line["quantity"] if line["quantity"] is not None else 1
            parts = [
                Component(
                    "item",
                    id,
                    line["amount"],
                    group,
                    role="unallocated_invoice_item",
                    price=details.get("price"),
                    product=details.get("product"),
                    quantity=quantity,
                    description=line["description"] or source["description"] or None,
                    period=(source["period"]["start"], source["period"]["end"]),
                )
            ]
        role = "discount_posting" if self.var["discount_posting"] == "posting" else "discount_non_posting"
        for entry in line["discount_amounts"]:  # L6
            coupon = self.coupons.get(discount_id(entry))
            parts.append(Component("discount", id, -entry["amount"], group, role=role, coupon=coupon))
        for entry in line["pretax_credit_amounts"]:
            if entry["type"] == "credit_balance_transaction":
                parts.append(Component("billing_credit", id, -entry["amount"], group, role="billing_credit"))
        parts = [part for part in parts if part.amount]
        if inclusive:  # L7
            shares = split(inclusive, [part.amount for part in parts])
            for part, share in zip(parts, shares, strict=True):
                part.amount -= share
                part.scaled = part.amount
        parts += [
            Component("tax", id, amount, group, rate=rate, basis=basis) for rate, amount, basis, _ in taxes if amount
        ]
        return parts

    def _shipping(self, cost: Obj, group: int) -> list[Component]:
        """L9."""
        taxes = merged((t["rate"]["id"], t["amount"], t["taxable_amount"], "") for t in cost["taxes"] or [])
        net = cost["amount_total"] - sum(amount for _, amount, _, _ in taxes)
        parts = [Component("shipping", None, net, group, role="shipping")]
        return parts + [
            Component("tax", None, amount, group, rate=rate, basis=basis) for rate, amount, basis, _ in taxes if amount
        ]

    def _scaled(self, document: Document, components: list[Component], total: int) -> None:
        """C1, S1: the components (L5: gross lines) from total to memo, in NetSuite's unit where the memo
        fits it; then rows.

        reading: "split again in it" is one split of the memo in that unit over the components, not a second
        one over rounded
        shares: only so is every share within one unit of its exact value.
        reading: "a non-zero tax without a mapping" is Stripe's tax, also where its share of the memo is zero.
        """
        memo, unit = document.memo or 0, self.unit(document.currency)
        self._check_rates(document, components)
        if self.var["line_amount_basis"] == "gross":
            components = self._gross(components)
        if memo != total or (unit > 1 and memo % unit == 0):
            shares = split(memo, [c.amount for c in components], unit if memo % unit == 0 else 1)
            for component, share in zip(components, shares, strict=True):
                component.scaled = share
        strategy = self.var["tax_strategy"]
        for c in components:
            if not c.scaled:
                continue
            row = self._tax_row(c.rate) or {}
            if c.kind != "tax":
                document.rows.append(self._row(document, c))
            elif strategy == "tax_lines":
                document.rows.append(Row("tax", c.line, row.get("netsuite_item_id"), None, c.scaled, rate=c.rate))
            elif strategy == "suitetax_override":
                code, kind = row.get("netsuite_tax_code_id"), row.get("netsuite_tax_type_id")
                # reading: "scaled with it" leaves the rounding of the basis open where the note is scaled.
                basis = c.basis if memo == total and unit == 1 else None
                document.details.append(Detail(str(c.rate), c.scaled, c.line, code, kind, basis))

    def _check_rates(self, document: Document, components: list[Component]) -> None:
        """L8: a non-zero tax needs its column in tax_map; L5: and under gross a line has one rate only."""
        gross = self.var["line_amount_basis"] == "gross"
        if gross:
            needed = ("netsuite_tax_code_id",)
        else:
            needed = {
                "tax_lines": ("netsuite_item_id",),
                "none": (),
                "suitetax_override": ("netsuite_tax_code_id", "netsuite_tax_type_id"),
            }[self.var["tax_strategy"]]
        rates: dict[int, set[str]] = {}
        for c in components:
            if c.kind == "tax":
                rates.setdefault(c.group, set()).add(str(c.rate))
                row = self._tax_row(c.rate) or {}
                if not all(row.get(column) for column in needed):
                    document.findings.add("tax_rate_unmapped")
        if gross and any(len(of_line) > 1 for of_line in rates.values()):
            document.findings.add("tax_rate_unmapped")

    def _gross(self, components: list[Component]) -> list[Component]:
        """L5: every line of a Stripe line gets its share of all its taxes; no tax rows.

        reading: "by amount" is by Stripe's amounts (before L7); C1 then scales gross lines; shipping is
        sent gross as well.
        """
        result: list[Component] = []
        for group in dict.fromkeys(c.group for c in components):
            lines = [c for c in components if c.group == group and c.kind != "tax"]
            taxes = [c for c in components if c.group == group and c.kind == "tax"]
            if taxes:
                shares = split(sum(c.amount for c in taxes), [c.stripe_amount for c in lines])
                for c, share in zip(lines, shares, strict=True):
                    c.amount += share
                    c.scaled, c.rate = c.amount, taxes[0].rate
            result += lines
        return result

    def _tax_row(self, rate: str | None) -> Obj | None:
        """L8: the rate's own row, else the one without a rate."""
        return self.taxes.get(rate or "") or self.taxes.get("")

    def _item(
        self, document: Document, role: str | None, price: str | None, product: str | None
    ) -> tuple[str | None, str | None]:
        """L1: (NetSuite item, external id of an item to create)."""
        if role == "unallocated_invoice_item":
            for source in (self.items, self.netsuite_items):
                for id in (price, product):
                    if id and id in source:
                        return source[id], None
            if self.var["missing_item"] == "create" and price:
                return None, price
            if self.var["missing_item"] == "block":
                document.findings.add("item_unmapped")
                return None, None
        item = self.roles.get(role or "")
        if not item:
            document.findings.add("item_unmapped")
        return item or None, None

    def _row(self, document: Document, c: Component) -> Row:
        if c.coupon and c.coupon in self.items:
            item, to_create = self.items[c.coupon], None
        else:
            item, to_create = self._item(document, c.role, c.price, c.product)
        start, end = self._period(c.period) if c.period else (None, None)
        return Row(c.kind, c.line, item, to_create, c.scaled, c.quantity, c.description, start, end, c.rate)

    def _period(self, period: tuple[int, int]) -> tuple[date, date]:
        """L2."""
        start, end = self.day(period[0]), self.day(period[1])
        if self.var["period_end"] == "inclusive":
            end = max(start, end - timedelta(days=1))
        return start, end

    # ------------------------------------------------------------------ balance uses: B1-B7

    def _balance_uses(self) -> None:
        for id, rows in self.rows_of.items():
            invoice = self.stripe["invoices"][id]
            rows = [row for row in rows if row["type"] in (*APPLY, *GIVE_BACK)]
            applies = any(row["type"] in APPLY for row in rows)
            if applies and invoice["status"] != "draft" and invoice["total"] >= 0:
                self._balance_use(invoice, rows)

    def _balance_use(self, invoice: Obj, rows: list[Obj]) -> None:
        id, currency, customer = invoice["id"], invoice["currency"], invoice["customer"]
        use = self.use_of(id)
        applied_at = min(row["created"] for row in rows)
        document = Document(f"{id}_balance", "balance_use", customer, id, currency, use, applied_at)
        self.documents[document.id] = document
        found = document.findings
        if self.decisions.get(document.id) == "skip":
            found.add("skipped_by_hand")
        if self.blocked_by_metadata(invoice):
            found.add("integration_blocked_by_metadata")
        if invoice["status"] == "void":
            found.add("invoice_void")
        if self.before_go_live(applied_at):
            found.add("before_go_live")
        if use == 0:
            found.add("balance_use_reversed")
        if use < 0:
            found.add("debit_balance_collected")
        if use <= 0:
            return
        document.memo = use
        document.applications = [Application("invoice", id, use)]
        if invoice["status"] == "open":
            found.add("invoice_open")
        elif invoice["status"] == "uncollectible" and self.var["uncollectible_invoices"] == "wait":
            found.add("invoice_uncollectible")
        elif invoice["status"] in ("paid", "uncollectible") and self.var["require_charge_for_remainder"]:
            # reading: a payment record is no charge ("for instance paid outside Stripe").
            charges = sum(
                p["amount_paid"] or 0
                for p in self.payments_of.get(id, [])
                if p["status"] == "paid" and p["payment"]["type"] != "payment_record"
            )
            if charges < invoice["total"] - use - self._pre_payment(invoice) - self._carried(invoice):
                found.add("remaining_charge_missing")
        self.identity(document)
        if use % self.unit(currency):
            found.add("currency_precision")
        if (customer, currency) in self.incomplete:
            found.add("balance_ledger_incomplete")
        if id in self.from_payment:
            found.add("balance_from_payment")
        moment = (
            applied_at
            if self.var["customer_balance_date"] == "applied_at"
            else invoice["status_transitions"]["paid_at"]
        )
        if moment:
            self.posting_date(document, self.day(moment))
        document.text = f"Stripe: {id}. This credit memo was created by a Stripe customer's balance."
        document.items_uncertain = (customer, currency) in self.order_uncertain
        document.rows = self._balance_rows(document, invoice, use)

    def _balance_rows(self, document: Document, invoice: Obj, use: int) -> list[Row]:
        """B4."""
        lines, mode = invoice["lines"]["data"], self.var["customer_balance_lines"]
        chosen: list[tuple[Obj, int]] = []
        if mode == "auto" and len(lines) == 1 and not self.leftover.get(invoice["id"], False):
            chosen = [(lines[0], use)]
        if mode == "invoice_lines":
            weights = [line["amount"] - sum(d["amount"] for d in line["discount_amounts"]) for line in lines]
            positive = [(line, weight) for line, weight in zip(lines, weights, strict=True) if weight > 0]
            if positive:
                unit = self.unit(invoice["currency"])
                shares = split(use, [weight for _, weight in positive], unit if use % unit == 0 else 1)
                chosen = [(line, share) for (line, _), share in zip(positive, shares, strict=True) if share]
        rows = []
        for line, amount in chosen:
            details = (line.get("pricing") or {}).get("price_details") or {}
            item, to_create = self._item(
                document, "unallocated_invoice_item", details.get("price"), details.get("product")
            )
            start, end = self._period((line["period"]["start"], line["period"]["end"]))
            rows.append(
                Row(
                    "balance",
                    line["id"],
                    item,
                    to_create,
                    amount,
                    None,
                    line["description"] or None,
                    start,
                    end,
                )
            )
        if not rows:
            item, _ = self._item(document, "customer_balance", None, None)
            rows = [Row("balance", None, item, None, use)]
        return rows

    # ------------------------------------------------------------------ negative invoices: N1

    def _negative_invoices(self) -> None:
        for invoice in self.stripe["invoices"].values():
            if invoice["status"] == "draft" or invoice["total"] >= 0:
                continue
            finalized = invoice["status_transitions"]["finalized_at"]
            document = Document(
                invoice["id"],
                "negative_invoice",
                invoice["customer"],
                invoice["id"],
                invoice["currency"],
                invoice["total"],
                finalized,
            )
            self.documents[document.id] = document
            found = document.findings
            if self.decisions.get(invoice["id"]) == "skip":
                found.add("skipped_by_hand")
            if self.blocked_by_metadata(invoice):
                found.add("integration_blocked_by_metadata")
            if invoice["status"] == "void":
                found.add("invoice_void")
            if self.before_go_live(finalized):
                found.add("before_go_live")
            if invoice["status"] == "uncollectible":
                found.add("invoice_uncollectible")
            self.identity(document)
            self.posting_date(document, self.day(finalized))
            existing = self.invoice_in_netsuite(invoice["id"])
            if existing:
                found -= {"period_closed"}  # reading: what is there already needs no open period
                other_customer = document.netsuite_customer not in (None, existing["entity"])
                other_currency = self.symbols[existing["currency"]].lower() != document.currency
                if Fraction(existing["foreigntotal"]) or other_customer or other_currency:  # N1, P5
                    found.add("netsuite_differs")
                else:
                    document.adopts = existing["id"]
            for line in invoice["lines"]["data"]:
                details = (line.get("pricing") or {}).get("price_details") or {}
                item, to_create = self._item(
                    document, "unallocated_invoice_item", details.get("price"), details.get("product")
                )
                document.zero_rows.append((item, to_create, 1 if line["quantity"] is None else line["quantity"]))

    # ------------------------------------------------------------------ C6 and the end

    def _remaining(self) -> None:
        """C6. reading: earlier documents of the same run = those it posts, by `created`, then id."""
        by_invoice: dict[str, list[Document]] = {}
        for document in self.documents.values():
            if document.netsuite_invoice:
                by_invoice.setdefault(document.netsuite_invoice, []).append(document)
        for id, documents in by_invoice.items():
            size = Fraction(10) ** decimals(documents[0].currency)
            left = Fraction(self.transactions[id]["foreignamountunpaid"]) * size
            for document in sorted(documents, key=lambda d: (d.created, d.id)):
                wanted = sum(part.amount for part in document.applications if part.type == "invoice")
                if not wanted or document.journals:
                    continue
                state = first(document.findings)[0]
                if wanted > left:
                    document.findings.add("invoice_remaining_too_low")
                elif state == "ready":
                    left -= wanted

    def _settle(self) -> None:
        for document in self.documents.values():
            document.state, document.reason = first(document.findings)
            for part in document.applications:
                part.state, part.reason = document.state, document.reason
                if part.type == "customer_refund" and document.state == "ready":
                    self._settle_refund(part)
                if part.type == "customer_refund":
                    refund = self.refunds.setdefault(str(part.target), Refund(str(part.target), 0, False))
                    if part.state == "ready" and not document.journals:
                        refund.amount += part.amount
                        refund.ready = True

    def _settle_refund(self, part: Application) -> None:
        """R2, and: a refund created before go-live is never pushed."""
        refund = self.stripe["refunds"][part.target]
        day = self.day(refund["created"])
        if self.before_go_live(refund["created"]):
            part.state, part.reason = "skipped", "before_go_live"
        elif refund["status"] in ("pending", "requires_action"):
            part.state, part.reason = "waiting", "refund_pending"
        elif self.open_day(day) is None or (self.var["closed_period"] == "block" and self.open_day(day) != day):
            part.state, part.reason = "blocked", "period_closed"  # reading: of the refund's record only


def first(findings: set[str]) -> tuple[str, str]:
    """O3."""
    for state, reason in PRECEDENCE:
        if reason in findings:
            return state, reason
    return "ready", "ready"


def discount_id(entry: Obj) -> str:
    return str(entry["discount"]["id"] if isinstance(entry["discount"], dict) else entry["discount"])


def merged(taxes: Any) -> list[tuple[str, int, int | None, str]]:
    """L8: one rate twice on a line is one row."""
    found: dict[str, tuple[str, int, int | None, str]] = {}
    for rate, amount, basis, behavior in taxes:
        if rate in found:
            _, before, basis_before, _ = found[rate]
            both = None if basis is None or basis_before is None else basis + basis_before
            found[rate] = (rate, before + amount, both, behavior)
        else:
            found[rate] = (rate, amount, basis, behavior)
    return list(found.values())


def in_chain_order(rows: list[Obj]) -> tuple[list[Obj], bool, bool]:
    """B6: (rows in order, is there a gap, is the order the only one possible).

    By `created`; inside one second so that each row starts where the one before ended.
    """
    ordered: list[Obj] = []
    broken, unique, balance = False, True, 0
    for second in sorted({row["created"] for row in rows}):
        here = [row for row in rows if row["created"] == second]
        found = _orders(here, balance)
        if not found:
            broken = True
            # Any order will do: the customer's uses are blocked, but seconds after a gap are still put in
            # order.
            found = next(
                (
                    orders
                    for start in sorted({r["ending_balance"] - r["amount"] for r in here})
                    if (orders := _orders(here, start))
                ),
                [here],
            )
        unique = unique and len(found) == 1
        ordered += found[0]
        balance = found[0][-1]["ending_balance"]
    return ordered, broken, unique


def _orders(rows: list[Obj], balance: int) -> list[list[Obj]]:
    """Up to two orders of the rows in which each starts where the one before ended."""
    if not rows:
        return [[]]
    found: list[list[Obj]] = []
    for i, row in enumerate(rows):
        if row["ending_balance"] - row["amount"] == balance:
            rest = rows[:i] + rows[i + 1 :]
            found += [[row, *order] for order in _orders(rest, row["ending_balance"])]
            if len(found) > 1:
                return found[:2]
    return found
