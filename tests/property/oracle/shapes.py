"""What the rules produce: documents, their lines, tax details, applications; and customer refunds.

All amounts are integers in Stripe's minor unit of the document's currency.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date


@dataclass
class Line:
    """A row of credit_memo_lines."""

    kind: str
    stripe_line: str | None
    item: str | None
    item_external_id: str | None  # of an item that the run creates
    amount: int
    quantity: int | None = None
    description: str | None = None
    period_start: date | None = None
    period_end: date | None = None
    tax_rate: str | None = None


@dataclass
class TaxDetail:
    """A row of credit_memo_tax_details."""

    tax_rate: str
    amount: int
    stripe_line: str | None
    tax_code: str | None
    tax_type: str | None
    basis: int | None  # None: the rules leave its rounding open


@dataclass
class Application:
    """A part of a memo and its target: a row of credit_memo_applications."""

    type: str  # invoice, customer_refund, out_of_band
    target: str | None
    amount: int
    state: str = ""
    reason: str = ""


@dataclass
class Document:
    """One row of credit_outcomes, with everything that its record must hold."""

    id: str
    type: str  # credit_note, balance_use, negative_invoice
    customer: str
    invoice: str
    currency: str
    amount: int
    created: int
    memo_amount: int | None = None  # None: the document can have no memo
    findings: set[str] = field(default_factory=set)
    state: str = ""
    reason: str = ""
    lines: list[Line] = field(default_factory=list)
    tax_details: list[TaxDetail] = field(default_factory=list)
    applications: list[Application] = field(default_factory=list)
    posting_date: date | None = None
    original_date: date | None = None  # X4: the date before it moved to an open period
    memo_text: str = ""
    netsuite_customer: str | None = None
    netsuite_invoice: str | None = None
    zero_lines: list[tuple[str | None, str | None, int]] = field(default_factory=list)  # item, external id, quantity
    existing_invoice: str | None = None  # N1: the NetSuite invoice that is adopted
    income_entries: list[tuple[str, int]] = field(default_factory=list)  # G2: external id, amount
    has_tax: bool = False  # a tax of its own remains after C1 and L5
    is_order_uncertain: bool = False  # B4: more than one order of the ledger is possible inside one second

    def applied_to(self, type: str) -> list[Application]:
        """The applications of one type."""
        return [part for part in self.applications if part.type == type]


@dataclass
class Refund:
    """A row of customer_refunds: the amount is the sum of its ready applications."""

    id: str
    amount: int = 0
    is_ready: bool = False
